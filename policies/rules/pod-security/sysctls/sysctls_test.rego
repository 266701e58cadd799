package library.pod_security.sysctls_test

import data.library.lib.fixtures
import data.library.pod_security.sysctls

setting(names) := fixtures.pod({"securityContext": {"sysctls": [{"name": name, "value": "1"} | some name in names]}})

test_safe_ones_are_allowed if {
	count(sysctls.deny) == 0 with input as setting(["net.ipv4.tcp_syncookies", "net.ipv4.tcp_rmem"])
}

test_others_are_denied if {
	some violation in sysctls.deny with input as setting(["net.ipv4.tcp_syncookies", "kernel.msgmax"])
	violation.path == ["spec", "template", "spec", "securityContext", "sysctls", 1]
	count(sysctls.deny) == 1 with input as fixtures.pod({"securityContext": {"sysctls": [{"value": "1"}]}})
}

test_a_parameter_allows_more if {
	count(sysctls.deny) == 0 with input as setting(["net.core.somaxconn"])
		with data.parameters.allowedSysctls as ["net.core.somaxconn"]
}
