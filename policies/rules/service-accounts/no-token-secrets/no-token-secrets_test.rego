package library.service_accounts.no_token_secrets_test

import data.library.service_accounts.no_token_secrets

test_others_are_allowed if {
	count(no_token_secrets.deny) == 0 with input as {"kind": "Secret", "type": "Opaque"}
	count(no_token_secrets.deny) == 0 with input as {"kind": "Secret"}
}

test_tokens_are_denied if {
	count(no_token_secrets.deny) == 1 with input as {"kind": "Secret", "type": "kubernetes.io/service-account-token"}
}
