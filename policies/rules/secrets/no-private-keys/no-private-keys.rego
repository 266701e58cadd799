# METADATA
# title: No private key lies in the open
# description: A private key in a ConfigMap, an environment, a command line or an annotation is everybody's.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/configuration/secret/#tls-secrets
# custom:
#   id: secrets/no-private-keys
#   severity: critical
#   remedy: Move the key into a Secret (encrypted by SOPS in Git), and replace it and its certificates.
package library.secrets.no_private_keys

import data.library.lib.texts

deny contains {"msg": message, "path": text.path} if {
	some list in [texts.config, texts.given, texts.annotations]
	some text in list
	texts.is_private_key(text.value)
	message := sprintf("%s holds a private key", [text.is])
}
