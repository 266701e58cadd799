package library.pod_security.privilege_escalation_test

import data.library.lib.fixtures
import data.library.pod_security.privilege_escalation

test_false_is_allowed if {
	count(privilege_escalation.deny) == 0 with input as fixtures.secure({"allowPrivilegeEscalation": false})
}

test_all_else_is_denied if {
	every context in [{}, {"allowPrivilegeEscalation": true}, {"allowPrivilegeEscalation": "false"}] {
		count(privilege_escalation.deny) == 1 with input as fixtures.secure(context)
	}
	count(privilege_escalation.deny) == 1 with input as fixtures.pod({"containers": ["app"]})
}

test_the_pod_cannot_speak_for_its_containers if {
	spec := {"securityContext": {"allowPrivilegeEscalation": false}, "containers": [{"name": "app"}]}
	count(privilege_escalation.deny) == 1 with input as fixtures.pod(spec)
}

test_windows_is_exempt if {
	count(privilege_escalation.deny) == 0 with input as fixtures.pod({"os": {"name": "windows"}, "containers": [{"name": "app"}]})
	count(privilege_escalation.deny) == 1 with input as fixtures.pod({"os": {"name": "linux"}, "containers": [{"name": "app"}]})
}
