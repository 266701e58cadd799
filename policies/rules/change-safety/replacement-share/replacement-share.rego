# METADATA
# title: One revision replaces few objects
# description: What is deleted and created anew is away in between.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/overview/working-with-objects/
# schemas:
# - input: schema.changeset
# custom:
#   id: change-safety/replacement-share
#   severity: high
#   remedy: Replace in several revisions; or ask for a waiver, which names this policy and ends.
#   parameters:
#     maximumReplacedShare: >-
#       The part of the existing objects that may be replaced in one revision (number from 0 to 1; 0.2).
#     freeReplacements: How many replacements are never too many (number; 1).
package library.change_safety.replacement_share

import data.library.lib.changeset
import data.library.lib.parameters

deny contains message if {
	some message in parameters.wrong({"maximumReplacedShare": "number", "freeReplacements": "number"})
}

deny contains {"msg": message} if {
	replaced := count([operation | some operation in input.operations; operation.op == "replace"])
	replaced > parameters.value("freeReplacements", 1)
	existing := count([operation | some operation in changeset.existing; operation.gvk.group != "policy.sluice.dev"])
	most := parameters.value("maximumReplacedShare", 0.2)
	replaced > existing * most
	message := sprintf("%d of %d objects would be replaced: more than %v %%", [replaced, existing, most * 100])
}
