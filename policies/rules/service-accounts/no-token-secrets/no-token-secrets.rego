# METADATA
# title: No account has a token for ever
# description: A Secret of the type service-account-token holds a token that never expires.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/service-accounts/#get-a-token
# custom:
#   id: service-accounts/no-token-secrets
#   severity: high
#   remedy: Delete the Secret; use a projected volume, or kubectl create token for a person.
package library.service_accounts.no_token_secrets

deny contains {"msg": message, "path": ["type"]} if {
	input.kind == "Secret"
	input.type == "kubernetes.io/service-account-token"
	account := object.get(input, ["metadata", "annotations", "kubernetes.io/service-account.name"], "")
	message := sprintf("the Secret is a token of account %s that never expires", [json.marshal(account)])
}
