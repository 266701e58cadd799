package library.networking.no_external_ips_test

import data.library.networking.no_external_ips

service(spec) := {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}

test_none_is_allowed if {
	count(no_external_ips.deny) == 0 with input as service({})
	count(no_external_ips.deny) == 0 with input as service({"externalIPs": []})
}

test_any_is_denied if {
	count(no_external_ips.deny) == 1 with input as service({"externalIPs": ["203.0.113.7"]})
	count(no_external_ips.deny) == 1 with input as service({"externalIPs": "203.0.113.7"})
}
