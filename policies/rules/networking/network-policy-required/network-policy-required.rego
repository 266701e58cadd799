# METADATA
# title: Each namespace with pods has a NetworkPolicy for all of them
# description: >-
#   Without one, every pod of the cluster may speak to these. Judged over all objects of the delivery at once.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-policies
# schemas:
# - input: schema.combined
# custom:
#   id: networking/network-policy-required
#   severity: medium
#   remedy: >-
#     Add a NetworkPolicy with an empty podSelector and policyTypes: [Ingress] to the namespace, and one for each way
#     in that is needed.
package library.networking.network_policy_required

import data.library.lib.combined
import data.library.lib.workloads

deny contains combined.result(manifest, message, ["metadata"]) if {
	some manifest in combined.manifests
	workloads.pod_path_of(manifest)
	namespace := combined.namespace_of(manifest)
	not namespace in guarded
	message := sprintf("no NetworkPolicy selects all pods of namespace %s", [json.marshal(namespace)])
}

guarded := {combined.namespace_of(manifest) |
	some manifest in combined.manifests
	combined.kind_of(manifest) == "NetworkPolicy"
	selects_all(object.get(manifest, ["spec", "podSelector"], null))
}

selects_all(selector) if {
	is_object(selector)
	count(combined.matched(selector)) == 0
	count(combined.expressions(selector)) == 0
}
