package library.service_accounts.no_default_test

import data.library.lib.fixtures
import data.library.service_accounts.no_default

test_an_own_account_is_allowed if {
	count(no_default.deny) == 0 with input as fixtures.pod({"serviceAccountName": "web"})
	count(no_default.deny) == 0 with input as fixtures.pod({"serviceAccount": "web"})
	count(no_default.deny) == 0 with input as {"kind": "ConfigMap"}
}

test_the_default_is_denied if {
	every name in ["default", "", null] {
		count(no_default.deny) == 1 with input as fixtures.pod({"serviceAccountName": name})
	}
	every kind in fixtures.kinds {
		count(no_default.deny) == 1 with input as fixtures.workload(kind, {})
	}
}
