# METADATA
# title: No Namespace lowers its Pod Security level
# description: The label is what makes the API server refuse pods; below its level they pass from the same moment.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/pod-security-admission/
# schemas:
# - input: schema.changeset
# custom:
#   id: change-safety/pod-security-level-stays
#   severity: high
#   remedy: >-
#     Keep pod-security.kubernetes.io/enforce at its level; or ask for a waiver, which names this policy and ends.
package library.change_safety.pod_security_level_stays

import data.library.lib.changeset

levels := {"privileged": 0, "baseline": 1, "restricted": 2}

path := ["metadata", "labels", "pod-security.kubernetes.io/enforce"]

deny contains {"msg": message, "operation": operation.id, "path": ["metadata", "labels"]} if {
	some operation in changeset.changes
	changeset.is_kind(operation, "", "Namespace")
	before := object.get(changeset.old_of(operation), path, "privileged")
	after := object.get(changeset.object_of(operation), path, "privileged")
	not keeps(before, after)
	message := sprintf("%s goes from %v to %v", [changeset.name(operation), before, after])
}

deny contains {"msg": message, "operation": operation.id} if {
	some operation in changeset.changes
	changeset.is_kind(operation, "", "Namespace")
	changeset.old_of(operation) == {}
	message := sprintf("the level of %s is not known", [changeset.name(operation)])
}

keeps(same, same)

keeps(before, after) if levels[after] >= levels[before]
