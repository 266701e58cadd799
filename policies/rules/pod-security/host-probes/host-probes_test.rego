package library.pod_security.host_probes_test

import data.library.lib.fixtures
import data.library.pod_security.host_probes

test_the_container_itself_is_allowed if {
	count(host_probes.deny) == 0 with input as fixtures.container({"livenessProbe": {"httpGet": {"port": 80, "host": ""}}})
}

test_every_handler_is_judged if {
	call := {"httpGet": {"port": 80, "host": "127.0.0.1"}, "tcpSocket": {"host": "10.0.0.1"}}
	count(host_probes.deny) == 10 with input as fixtures.container({
		"livenessProbe": call,
		"readinessProbe": call,
		"startupProbe": call,
		"lifecycle": {"postStart": call, "preStop": call},
	})
}
