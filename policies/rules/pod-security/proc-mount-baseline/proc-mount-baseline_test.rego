package library.pod_security.proc_mount_baseline_test

import data.library.lib.fixtures
import data.library.pod_security.proc_mount_baseline

test_the_default_is_allowed if {
	count(proc_mount_baseline.deny) == 0 with input as fixtures.secure({"procMount": "Default"})
}

test_unmasked_is_denied if {
	every value in ["Unmasked", "", "default"] {
		count(proc_mount_baseline.deny) == 1 with input as fixtures.secure({"procMount": value})
	}
}

test_a_user_namespace_may_unmask_it if {
	spec := {"hostUsers": false, "containers": [{"securityContext": {"procMount": "Unmasked"}}]}
	count(proc_mount_baseline.deny) == 0 with input as fixtures.pod(spec)
	count(proc_mount_baseline.deny) == 1 with input as fixtures.pod(object.union(spec, {"hostUsers": true}))
}
