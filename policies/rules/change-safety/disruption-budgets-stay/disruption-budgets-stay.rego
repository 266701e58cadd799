# METADATA
# title: No PodDisruptionBudget is removed or relaxed
# description: The next drain, perhaps of the same hour, may then take all replicas.
# related_resources:
# - ref: https://kubernetes.io/docs/tasks/run-application/configure-pdb/
# schemas:
# - input: schema.changeset
# custom:
#   id: change-safety/disruption-budgets-stay
#   severity: high
#   remedy: >-
#     Keep the PodDisruptionBudget as strict as it is; or annotate it with sluice.dev/allow-delete set to "true" in
#     one revision, and delete it in a later one.
package library.change_safety.disruption_budgets_stay

import data.library.lib.changeset
import data.library.lib.values
import data.library.lib.workloads

deny contains {"msg": message, "operation": operation.id} if {
	some operation in changeset.deletions
	changeset.is_kind(operation, "policy", "PodDisruptionBudget")
	not changeset.allows_deletion(operation)
	message := sprintf("deletes %s%s", [changeset.name(operation), changeset.doubt(operation)])
}

deny contains {"msg": message, "operation": operation.id, "path": ["spec"]} if {
	some operation in changeset.changes
	changeset.is_kind(operation, "policy", "PodDisruptionBudget")
	before := workloads.as_object(object.get(changeset.old_of(operation), "spec", {}))
	after := workloads.as_object(object.get(changeset.object_of(operation), "spec", {}))
	some field in ["minAvailable", "maxUnavailable", "selector"]
	was := object.get(before, field, null)
	is_now := object.get(after, field, null)
	not keeps(field, was, is_now, after)
	message := sprintf(
		"%s protects less: %s goes from %s to %s",
		[changeset.name(operation), field, values.shown(was), values.shown(is_now)],
	)
}

deny contains {"msg": message, "operation": operation.id} if {
	some operation in changeset.changes
	changeset.is_kind(operation, "policy", "PodDisruptionBudget")
	changeset.old_of(operation) == {}
	message := sprintf("what %s protects now is not known", [changeset.name(operation)])
}

keeps(_, same, same, _)

keeps("minAvailable", null, _, after) if object.get(after, "maxUnavailable", null) == null

keeps("minAvailable", was, is_now, _) if number(was) <= number(is_now)

keeps("minAvailable", was, is_now, _) if percent(was) <= percent(is_now)

keeps("maxUnavailable", was, is_now, _) if number(was) >= number(is_now)

keeps("maxUnavailable", was, is_now, _) if percent(was) >= percent(is_now)

# Numbers and percentages cannot be compared: how many replicas there will be is not known.
number(value) := value if is_number(value)

percent(value) := to_number(trim_suffix(value, "%")) if {
	is_string(value)
	endswith(value, "%")
}
