package library.pod_security.seccomp_baseline_test

import data.library.lib.fixtures
import data.library.pod_security.seccomp_baseline

test_silence_and_profiles_are_allowed if {
	count(seccomp_baseline.deny) == 0 with input as fixtures.secure({})
	every type in ["RuntimeDefault", "Localhost"] {
		count(seccomp_baseline.deny) == 0 with input as fixtures.secure({"seccompProfile": {"type": type}})
	}
}

test_unconfined_is_denied if {
	count(seccomp_baseline.deny) == 1 with input as fixtures.secure({"seccompProfile": {"type": "Unconfined"}})
	count(seccomp_baseline.deny) == 1 with input as fixtures.secure({"seccompProfile": {}})
	count(seccomp_baseline.deny) == 1 with input as fixtures.secure({"seccompProfile": "Unconfined"})
	count(seccomp_baseline.deny) == 1 with input as fixtures.pod({"securityContext": {"seccompProfile": {"type": "Unconfined"}}})
}
