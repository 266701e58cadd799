# METADATA
# title: No ConfigMap holds a credential
# description: ConfigMaps are read by everybody who may look at the namespace, and are neither encrypted nor masked.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/configuration/secret/
# custom:
#   id: secrets/no-credentials-in-config-maps
#   severity: high
#   remedy: Move the value into a Secret (encrypted by SOPS in Git), and change it, since it is known now.
#   parameters:
#     allowedCredentialKeys: Keys that hold no credential although they look like it (array of texts; none).
package library.secrets.no_credentials_in_config_maps

import data.library.lib.parameters
import data.library.lib.texts

deny contains message if some message in parameters.wrong({"allowedCredentialKeys": "array"})

deny contains {"msg": message, "path": text.path} if {
	some text in texts.config
	not text.key in parameters.value("allowedCredentialKeys", [])
	why := texts.reveals(text)
	message := sprintf("%s %s", [text.is, why])
}
