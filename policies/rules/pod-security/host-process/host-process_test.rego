package library.pod_security.host_process_test

import data.library.lib.fixtures
import data.library.pod_security.host_process

test_false_and_silence_are_allowed if {
	count(host_process.deny) == 0 with input as fixtures.secure({"windowsOptions": {"hostProcess": false}})
	count(host_process.deny) == 0 with input as fixtures.secure({})
}

test_pod_and_container_are_denied if {
	context := {"windowsOptions": {"hostProcess": true}}
	count(host_process.deny) == 1 with input as fixtures.secure(context)
	count(host_process.deny) == 1 with input as fixtures.pod({"securityContext": context, "containers": []})
}

test_a_text_is_denied if {
	count(host_process.deny) == 1 with input as fixtures.secure({"windowsOptions": {"hostProcess": "true"}})
}
