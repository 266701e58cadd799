# METADATA
# title: No container is given a credential in plain text
# description: >-
#   The environment and the command line of a container are in its manifest, in the output of kubectl describe and in
#   many logs.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/configuration/secret/#using-a-secret
# custom:
#   id: secrets/no-credentials-in-pods
#   severity: high
#   remedy: Take the value by valueFrom.secretKeyRef or from a mounted Secret, and change it, since it is known now.
#   parameters:
#     allowedCredentialKeys: Names that hold no credential although they look like it (array of texts; none).
package library.secrets.no_credentials_in_pods

import data.library.lib.parameters
import data.library.lib.texts

deny contains message if some message in parameters.wrong({"allowedCredentialKeys": "array"})

deny contains {"msg": message, "path": text.path} if {
	some text in texts.given
	not text.key in parameters.value("allowedCredentialKeys", [])
	why := texts.reveals(text)
	message := sprintf("%s %s", [text.is, why])
}
