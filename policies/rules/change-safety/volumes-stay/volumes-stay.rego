# METADATA
# title: No volume is deleted
# description: >-
#   With a PersistentVolumeClaim, or a volume that is not retained, its data goes. Under another name it is an empty
#   one.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#reclaiming
# schemas:
# - input: schema.changeset
# custom:
#   id: change-safety/volumes-stay
#   severity: critical
#   remedy: >-
#     Keep it; or annotate it with sluice.dev/allow-delete set to "true" in one revision, and delete it in a later
#     one.
package library.change_safety.volumes_stay

import data.library.lib.changeset

kinds := {["", "PersistentVolumeClaim"], ["", "PersistentVolume"]}

deny contains {"msg": message, "operation": operation.id} if {
	some operation in changeset.unwanted(kinds)
	message := sprintf(
		"%s %s and the data in it%s",
		[changeset.verb(operation), changeset.name(operation), changeset.doubt(operation)],
	)
}

deny contains {"msg": message, "operation": operation.id, "path": path} if {
	some operation in changeset.changes
	changeset.is_kind(operation, "", "PersistentVolume")
	path := ["spec", "persistentVolumeReclaimPolicy"]
	object.get(changeset.old_of(operation), path, "") == "Retain"
	now := object.get(changeset.object_of(operation), path, "")
	now != "Retain"
	not changeset.allows_deletion(operation)
	message := sprintf("%s is no longer retained: %s", [changeset.name(operation), json.marshal(now)])
}
