package library.networking.service_type_test

import data.library.networking.service_type

service(spec) := {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}

test_inside_is_allowed if {
	count(service_type.deny) == 0 with input as service({})
	count(service_type.deny) == 0 with input as service({"type": "ClusterIP"})
	count(service_type.deny) == 0 with input as {"apiVersion": "serving.example.com/v1", "kind": "Service", "spec": {"type": "x"}}
}

test_ways_in_are_denied if {
	every type in ["NodePort", "LoadBalancer", "loadbalancer", 1] {
		count(service_type.deny) == 1 with input as service({"type": type})
	}
}

test_a_parameter_allows_more if {
	count(service_type.deny) == 0 with input as service({"type": "LoadBalancer"})
		with data.parameters.allowedServiceTypes as ["ClusterIP", "LoadBalancer"]
}
