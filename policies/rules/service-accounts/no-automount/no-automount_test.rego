package library.service_accounts.no_automount_test

import data.library.lib.fixtures
import data.library.service_accounts.no_automount

test_false_is_allowed if {
	count(no_automount.deny) == 0 with input as fixtures.pod({"automountServiceAccountToken": false})
	count(no_automount.deny) == 0 with input as {"kind": "ServiceAccount", "metadata": {"name": "web"}}
}

test_all_else_is_denied if {
	every spec in [{}, {"automountServiceAccountToken": true}, {"automountServiceAccountToken": "false"}] {
		count(no_automount.deny) == 1 with input as fixtures.pod(spec)
	}
	count(no_automount.deny) == 1 with input as {"kind": "ServiceAccount", "automountServiceAccountToken": true}
}

test_a_parameter_names_who_may if {
	count(no_automount.deny) == 0 with input as fixtures.pod({"serviceAccountName": "operator"})
		with data.parameters.tokenUsers as ["operator"]
}
