# METADATA
# title: What is replaced has consented
# description: >-
#   An immutable field can only change by deleting the object and creating it anew, and what it does stops in between.
# related_resources:
# - ref: https://kubernetes.io/docs/reference/using-api/api-concepts/
# schemas:
# - input: schema.changeset
# custom:
#   id: change-safety/replacement-consent
#   severity: high
#   remedy: >-
#     Leave the field as it is; or annotate the object with sluice.dev/allow-replace set to "true" in one revision,
#     and change the field in a later one.
#   parameters:
#     replaceableKinds: Kinds that may be replaced without consent (array of texts; Job).
package library.change_safety.replacement_consent

import data.library.lib.changeset
import data.library.lib.parameters

deny contains message if some message in parameters.wrong({"replaceableKinds": "array"})

deny contains {"msg": message, "operation": operation.id} if {
	some operation in input.operations
	operation.op == "replace"
	not operation.gvk.kind in parameters.value("replaceableKinds", ["Job"])
	not changeset.allows_replacement(operation)
	fields := concat(", ", sort([field.path | some field in object.get(operation, "fields", [])]))
	message := sprintf(
		"%s would be deleted and created anew%s%s",
		[changeset.name(operation), because(fields), changeset.doubt(operation)],
	)
}

because("") := ""

because(fields) := sprintf(", since %s cannot change in place", [fields]) if fields != ""
