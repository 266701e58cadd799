# METADATA
# title: No revision deletes all that there is
# description: >-
#   A wrong path or an empty render must not end an application. That all of it gets new names makes no difference.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/overview/working-with-objects/
# schemas:
# - input: schema.changeset
# custom:
#   id: change-safety/not-emptied
#   severity: critical
#   remedy: >-
#     Delete the Delivery if all of it is to go; or annotate each object with sluice.dev/allow-delete set to "true" in
#     one revision, and delete them in a later one.
package library.change_safety.not_emptied

import data.library.lib.changeset

deny contains {"msg": message} if {
	existing := [operation | some operation in changeset.existing; operation.gvk.group != "policy.sluice.dev"]
	count(existing) > 0
	every operation in existing {
		not changeset.op_of(operation) in changeset.keeps
		changeset.op_of(operation) != "replace"
	}
	not all_consent(existing)
	message := sprintf("all of the %d objects would be deleted", [count(existing)])
}

all_consent(operations) if {
	every operation in operations {
		changeset.allows_deletion(operation)
	}
}
