# METADATA
# title: No StatefulSet is deleted
# description: >-
#   A StatefulSet is a database more often than not. Its pods stop, and with a retention policy of Delete its volumes
#   go.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#deployment-and-scaling-guarantees
# schemas:
# - input: schema.changeset
# custom:
#   id: change-safety/stateful-sets-stay
#   severity: high
#   remedy: >-
#     Keep it; or annotate it with sluice.dev/allow-delete set to "true" (allow-replace for a replacement) in one
#     revision, and go on in a later one.
package library.change_safety.stateful_sets_stay

import data.library.lib.changeset

deny contains {"msg": message, "operation": operation.id} if {
	some operation in changeset.unwanted({["apps", "StatefulSet"]})
	message := sprintf("%s %s%s", [changeset.verb(operation), changeset.name(operation), changeset.doubt(operation)])
}

deny contains {"msg": message, "operation": operation.id, "path": path} if {
	some operation in changeset.changes
	changeset.is_kind(operation, "apps", "StatefulSet")
	some when in ["whenDeleted", "whenScaled"]
	path := ["spec", "persistentVolumeClaimRetentionPolicy", when]
	object.get(changeset.object_of(operation), path, "Retain") == "Delete"
	object.get(changeset.old_of(operation), path, "Retain") != "Delete"
	not changeset.allows_deletion(operation)
	message := sprintf("the volumes of %s would go: %s is Delete", [changeset.name(operation), when])
}
