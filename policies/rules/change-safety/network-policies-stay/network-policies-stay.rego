# METADATA
# title: No NetworkPolicy is removed or opened
# description: Without its NetworkPolicy a pod takes connections from the whole cluster.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/services-networking/network-policies/
# schemas:
# - input: schema.changeset
# custom:
#   id: change-safety/network-policies-stay
#   severity: high
#   remedy: >-
#     Keep the NetworkPolicy as narrow as it is; or annotate it with sluice.dev/allow-delete set to "true" in one
#     revision, and delete or open it in a later one.
package library.change_safety.network_policies_stay

import data.library.lib.changeset

deny contains {"msg": message, "operation": operation.id} if {
	some operation in changeset.deletions
	is_policy(operation)
	not changeset.allows_deletion(operation)
	message := sprintf("deletes %s%s", [changeset.name(operation), changeset.doubt(operation)])
}

deny contains {"msg": message, "operation": operation.id, "path": ["spec"]} if {
	some operation in changeset.changes
	is_policy(operation)
	not changeset.allows_deletion(operation)
	some why in weaker(changeset.old_of(operation), changeset.object_of(operation))
	message := sprintf("%s %s", [changeset.name(operation), why])
}

is_policy(operation) if changeset.is_kind(operation, "networking.k8s.io", "NetworkPolicy")

weaker(before, _) := {"guards what is not known"} if before == {}

weaker(before, after) := (selectors | types) | opened if {
	before != {}
	selectors := {"guards other pods" |
		object.get(before, ["spec", "podSelector"], {}) != object.get(after, ["spec", "podSelector"], {})
	}
	types := {sprintf("no longer guards %s", [type]) | some type in (types_of(before) - types_of(after))}
	opened := {sprintf("lets everybody through by %s", [direction]) |
		some direction in ["ingress", "egress"]
		opens(after, direction)
		not opens(before, direction)
	}
}

# As Kubernetes fills it in.
types_of(policy) := {type | some type in policy.spec.policyTypes} if policy.spec.policyTypes

else := {"Ingress", "Egress"} if policy.spec.egress

else := {"Ingress"}

opens(policy, direction) if {
	some rule in object.get(policy, ["spec", direction], [])
	peers := object.get(rule, {"ingress": "from", "egress": "to"}[direction], null)
	peers in [[], null]
}
