# METADATA
# title: A host that is served stays so
# description: Users of a host that no Ingress takes any more get an error.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/services-networking/ingress/
# schemas:
# - input: schema.changeset
# custom:
#   id: change-safety/hosts-stay
#   severity: high
#   remedy: >-
#     Keep the host, or let another Ingress of the same revision take it; or annotate the Ingress with
#     sluice.dev/allow-delete set to "true" in one revision, and remove the host in a later one.
package library.change_safety.hosts_stay

import data.library.lib.changeset

deny contains {"msg": message, "operation": operation.id} if {
	some operation in input.operations
	is_ingress(operation)
	not changeset.op_of(operation) in {"create", "unchanged"}
	not changeset.allows_deletion(operation)
	some host in (hosts(changeset.old_of(operation)) - taken)
	message := sprintf("nothing serves %s any more, which %s does now", [host, changeset.name(operation)])
}

deny contains {"msg": message, "operation": operation.id} if {
	some operation in input.operations
	is_ingress(operation)
	not changeset.op_of(operation) in {"create", "unchanged"}
	changeset.old_of(operation) == {}
	message := sprintf("which hosts %s serves now is not known", [changeset.name(operation)])
}

is_ingress(operation) if changeset.kind_of(operation) in {
	["networking.k8s.io", "Ingress"],
	["gateway.networking.k8s.io", "HTTPRoute"],
}

taken := {host | some operation in changeset.arrivals; is_ingress(operation); some host in hosts(operation.object)}

hosts(manifest) := {rule.host | some rule in manifest.spec.rules} | {host | some host in manifest.spec.hostnames}
