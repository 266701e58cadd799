package library.pod_security.seccomp_restricted_test

import data.library.lib.fixtures
import data.library.pod_security.seccomp_restricted

test_the_pod_speaks_for_its_containers if {
	profile := {"seccompProfile": {"type": "RuntimeDefault"}}
	count(seccomp_restricted.deny) == 0 with input as fixtures.pod({"securityContext": profile, "containers": [{"name": "app"}]})
	count(seccomp_restricted.deny) == 0 with input as fixtures.secure({"seccompProfile": {"type": "Localhost"}})
}

test_silence_is_denied if {
	count(seccomp_restricted.deny) == 1 with input as fixtures.secure({})
	count(seccomp_restricted.deny) == 1 with input as fixtures.secure({"seccompProfile": {}})
	count(seccomp_restricted.deny) == 1 with input as fixtures.secure({"seccompProfile": "RuntimeDefault"})
}

test_a_container_cannot_turn_it_off if {
	count(seccomp_restricted.deny) == 1 with input as fixtures.pod({
		"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
		"containers": [{"name": "app", "securityContext": {"seccompProfile": {"type": "Unconfined"}}}],
	})
}

test_the_pod_may_not_say_otherwise if {
	count(seccomp_restricted.deny) == 1 with input as fixtures.pod({
		"securityContext": {"seccompProfile": {"type": "Unconfined"}},
		"containers": [{"name": "app", "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}}],
	})
}

test_windows_is_exempt if {
	count(seccomp_restricted.deny) == 0 with input as fixtures.pod({"os": {"name": "windows"}, "containers": [{"name": "app"}]})
}
