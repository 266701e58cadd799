package library.pod_security.capabilities_baseline_test

import data.library.lib.fixtures
import data.library.pod_security.capabilities_baseline

test_the_default_set_is_allowed if {
	count(capabilities_baseline.deny) == 0 with input as fixtures.secure({"capabilities": {"add": ["CHOWN", "KILL"], "drop": ["ALL"]}})
}

test_each_other_is_denied if {
	count(capabilities_baseline.deny) == 2 with input as fixtures.secure({"capabilities": {"add": ["SYS_ADMIN", "NET_RAW", "CHOWN"]}})
}

test_other_spellings_are_denied if {
	count(capabilities_baseline.deny) == 2 with input as fixtures.secure({"capabilities": {"add": ["ALL", "cap_sys_admin"]}})
	count(capabilities_baseline.deny) == 1 with input as fixtures.secure({"capabilities": {"add": "SYS_ADMIN"}})
}
