package library.pod_security.host_namespaces_test

import data.library.lib.fixtures
import data.library.pod_security.host_namespaces

test_false_and_silence_are_allowed if {
	count(host_namespaces.deny) == 0 with input as fixtures.pod({"hostNetwork": false, "hostPID": null, "containers": []})
}

test_each_is_denied_in_every_kind if {
	every kind in fixtures.kinds {
		count(host_namespaces.deny) == 3 with input as fixtures.workload(kind, {"hostNetwork": true, "hostPID": true, "hostIPC": true})
	}
}

test_a_text_is_denied if {
	some violation in host_namespaces.deny with input as fixtures.pod({"hostPID": "false"})
	violation.path == ["spec", "template", "spec", "hostPID"]
}
