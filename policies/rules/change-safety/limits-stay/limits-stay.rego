# METADATA
# title: No limit is removed
# description: >-
#   A container that had a limit was held back by it. LimitRange and ResourceQuota do the same for a namespace.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
# schemas:
# - input: schema.changeset
# custom:
#   id: change-safety/limits-stay
#   severity: medium
#   remedy: Write the limit again, higher if it has to be.
package library.change_safety.limits_stay

import data.library.lib.changeset
import data.library.lib.workloads

deny contains {"msg": message, "operation": operation.id, "path": after.path} if {
	some operation in changeset.changes
	some [before, after] in changeset.paired(operation)
	some resource, limit in object.get(before.spec, ["resources", "limits"], {})
	object.get(after.spec, ["resources", "limits", resource], null) == null
	message := sprintf("%s of %s loses its limit of %s: it was %v", [after.is, changeset.name(operation), resource, limit])
}

# A container of another name takes the place of one that had a limit.
deny contains {"msg": message, "operation": operation.id, "path": after.path} if {
	some operation in changeset.changes
	old := workloads.containers_of(changeset.old_of(operation))
	new := workloads.containers_of(changeset.object_of(operation))
	some before in old
	not before.is in {container.is | some container in new}
	some resource, _ in object.get(before.spec, ["resources", "limits"], {})
	some after in new
	not after.is in {container.is | some container in old}
	object.get(after.spec, ["resources", "limits", resource], null) == null
	message := sprintf("%s of %s has no limit of %s, and %s had one", [after.is, changeset.name(operation), resource, before.is])
}

deny contains {"msg": message, "operation": operation.id} if {
	some operation in changeset.unwanted({["", "LimitRange"], ["", "ResourceQuota"]})
	operation.op != "replace"
	message := sprintf("deletes %s%s", [changeset.name(operation), changeset.doubt(operation)])
}

deny contains {"msg": message, "operation": operation.id} if {
	some operation in changeset.changes
	changeset.kind_of(operation) in changeset.workload_kinds
	changeset.old_of(operation) == {}
	message := sprintf("the limits of %s are not known", [changeset.name(operation)])
}
