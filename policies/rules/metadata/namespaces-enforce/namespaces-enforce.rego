# METADATA
# title: Namespaces have a Pod Security level
# description: The label makes the API server itself refuse pods, also those that nobody brings through Git.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/pod-security-admission/
# custom:
#   id: metadata/namespaces-enforce
#   severity: medium
#   remedy: Label the Namespace with pod-security.kubernetes.io/enforce set to one of the levels in the message.
#   parameters:
#     podSecurityLevels: Levels that may be enforced (array of texts; baseline and restricted).
package library.metadata.namespaces_enforce

import data.library.lib.parameters
import data.library.lib.values

deny contains message if some message in parameters.wrong({"podSecurityLevels": "array"})

deny contains {"msg": message, "path": ["metadata"]} if {
	input.kind == "Namespace"
	level := object.get(input, ["metadata", "labels", "pod-security.kubernetes.io/enforce"], null)
	levels := parameters.value("podSecurityLevels", ["baseline", "restricted"])
	not level in levels
	message := sprintf("the level is %s, not one of %s", [values.shown(level), json.marshal(levels)])
}
