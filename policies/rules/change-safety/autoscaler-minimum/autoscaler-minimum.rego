# METADATA
# title: An autoscaler's minimum is not lowered
# description: At the next quiet hour the autoscaler goes down to it.
# related_resources:
# - ref: https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/
# schemas:
# - input: schema.changeset
# custom:
#   id: change-safety/autoscaler-minimum
#   severity: medium
#   remedy: Leave spec.minReplicas as it is; or ask for a waiver, which names this policy and ends.
package library.change_safety.autoscaler_minimum

import data.library.lib.changeset

path := ["spec", "minReplicas"]

deny contains {"msg": message, "operation": operation.id, "path": path} if {
	some operation in changeset.changes
	changeset.is_kind(operation, "autoscaling", "HorizontalPodAutoscaler")
	before := changeset.number_of(changeset.old_of(operation), path, 1)
	after := object.get(changeset.object_of(operation), path, 1)
	not keeps(before, after)
	message := sprintf("%s goes down from %v replicas to %s", [changeset.name(operation), before, json.marshal(after)])
}

deny contains {"msg": message, "operation": operation.id} if {
	some operation in changeset.changes
	changeset.is_kind(operation, "autoscaling", "HorizontalPodAutoscaler")
	changeset.old_of(operation) == {}
	message := sprintf("the minimum of %s is not known", [changeset.name(operation)])
}

keeps(before, null) if before <= 1

keeps(before, after) if {
	is_number(after)
	after >= before
}
