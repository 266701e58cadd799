package library.pod_security.host_ports_test

import data.library.lib.fixtures
import data.library.pod_security.host_ports

test_container_ports_are_allowed if {
	count(host_ports.deny) == 0 with input as fixtures.container({"ports": [{"containerPort": 80}, {"hostPort": 0}]})
}

test_a_host_port_is_denied if {
	some violation in host_ports.deny with input as fixtures.container({"ports": [{"containerPort": 80, "hostPort": 80}]})
	violation.path == ["spec", "template", "spec", "containers", 0, "ports", 0, "hostPort"]
	count(host_ports.deny) == 1 with input as fixtures.container({"ports": [{"hostPort": "80"}]})
}

test_a_parameter_allows_some if {
	object := fixtures.container({"ports": [{"hostPort": 9100}, {"hostPort": 80}]})
	count(host_ports.deny) == 1 with input as object with data.parameters.allowedHostPorts as [9100]
}

test_a_wrong_parameter_is_denied if {
	count(host_ports.deny) == 1 with input as fixtures.container({}) with data.parameters.allowedHostPorts as "9100"
}
