# METADATA
# title: A Service has pods behind it
# description: >-
#   A selector that takes no pod of the delivery is mostly a label that was renamed on one side. Judged over all
#   objects of the delivery at once.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/services-networking/service/#defining-a-service
# schemas:
# - input: schema.combined
# custom:
#   id: workloads/service-finds-pods
#   severity: medium
#   remedy: Write the labels of the pod's template into spec.selector.
package library.workloads.service_finds_pods

import data.library.lib.combined
import data.library.lib.values
import data.library.lib.workloads

warn contains combined.result(service, message, ["spec", "selector"]) if {
	some service in combined.manifests
	combined.kind_of(service) == "Service"
	selector := object.get(service, ["spec", "selector"], {})
	is_object(selector)
	count(selector) > 0
	not finds(service, selector)
	message := sprintf("%s takes no pod of this delivery", [values.shown(selector)])
}

finds(service, selector) if {
	some manifest in combined.manifests
	workloads.pod_path_of(manifest)
	combined.namespace_of(manifest) == combined.namespace_of(service)
	combined.selects({"matchLabels": selector}, combined.pod_labels(manifest))
}
