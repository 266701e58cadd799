# METADATA
# title: The rules change by a signed commit
# description: Whoever changes a policy, its data or a waiver decides what passes from then on.
# related_resources:
# - ref: https://www.openpolicyagent.org/docs/management-bundles
# schemas:
# - input: schema.changeset
# custom:
#   id: change-safety/policies-signed
#   severity: critical
#   remedy: >-
#     Sign the commit (git commit -S) with a key that the Delivery's source trusts, and change policies in a commit of
#     their own.
package library.change_safety.policies_signed

import data.library.lib.changeset

deny contains {"msg": message, "operation": operation.id} if {
	not changeset.is_signed
	some operation in input.operations
	object.get(operation, ["gvk", "group"], "") == "policy.sluice.dev"
	changeset.op_of(operation) != "unchanged"
	message := sprintf("%s of the policy file %s, and the commit is not signed", [changeset.op_of(operation), object.get(operation, "name", "")])
}
