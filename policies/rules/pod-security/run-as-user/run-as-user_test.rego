package library.pod_security.run_as_user_test

import data.library.lib.fixtures
import data.library.pod_security.run_as_user

test_other_users_and_silence_are_allowed if {
	count(run_as_user.deny) == 0 with input as fixtures.secure({"runAsUser": 65532})
	count(run_as_user.deny) == 0 with input as fixtures.secure({})
}

test_root_is_denied if {
	every value in [0, "0", "1000", -1] {
		count(run_as_user.deny) == 1 with input as fixtures.secure({"runAsUser": value})
	}
	count(run_as_user.deny) == 1 with input as fixtures.pod({"securityContext": {"runAsUser": 0}})
}

test_a_user_namespace_is_exempt if {
	spec := {"hostUsers": false, "securityContext": {"runAsUser": 0}}
	count(run_as_user.deny) == 0 with input as fixtures.pod(spec)
}
