package library.pod_security.proc_mount_restricted_test

import data.library.lib.fixtures
import data.library.pod_security.proc_mount_restricted

test_the_default_is_allowed if {
	count(proc_mount_restricted.deny) == 0 with input as fixtures.secure({"procMount": "Default"})
	count(proc_mount_restricted.deny) == 0 with input as fixtures.secure({})
}

test_unmasked_is_denied_even_in_a_user_namespace if {
	spec := {"hostUsers": false, "containers": [{"securityContext": {"procMount": "Unmasked"}}]}
	count(proc_mount_restricted.deny) == 1 with input as fixtures.pod(spec)
}
