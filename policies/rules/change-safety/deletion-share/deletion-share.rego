# METADATA
# title: One revision deletes few objects
# description: A renamed folder or a broken overlay deletes much at once, and nobody meant it.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/overview/working-with-objects/
# schemas:
# - input: schema.changeset
# custom:
#   id: change-safety/deletion-share
#   severity: high
#   remedy: Delete in several revisions; or ask for a waiver, which names this policy and ends.
#   parameters:
#     maximumDeletedShare: The part of the existing objects that may go in one revision (number from 0 to 1; 0.2).
#     freeDeletions: How many deletions are never too many (number; 3).
package library.change_safety.deletion_share

import data.library.lib.changeset
import data.library.lib.parameters

deny contains message if {
	some message in parameters.wrong({"maximumDeletedShare": "number", "freeDeletions": "number"})
}

deny contains {"msg": message} if {
	deleted := count(counted(changeset.deletions))
	deleted > parameters.value("freeDeletions", 3)
	existing := count(counted(changeset.existing))
	most := parameters.value("maximumDeletedShare", 0.2)
	deleted > existing * most
	message := sprintf("%d of %d objects would be deleted: more than %v %%", [deleted, existing, most * 100])
}

# Policy files are no objects.
counted(operations) := [operation | some operation in operations; operation.gvk.group != "policy.sluice.dev"]
