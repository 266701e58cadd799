package library.ingress.host_required_test

import data.library.ingress.host_required

test_named_hosts_are_allowed if {
	count(host_required.deny) == 0 with input as {"kind": "Ingress", "spec": {"rules": [{"host": "shop.example.com"}]}}
	count(host_required.deny) == 0 with input as {"kind": "HTTPRoute", "spec": {"hostnames": ["shop.example.com"]}}
}

test_none_is_denied if {
	every rule in [{}, {"host": ""}, {"host": null}, {"http": {}}] {
		count(host_required.deny) == 1 with input as {"kind": "Ingress", "spec": {"rules": [rule]}}
	}
	count(host_required.deny) == 1 with input as {"kind": "Ingress", "spec": {"defaultBackend": {"service": {"name": "web"}}}}
	count(host_required.deny) == 1 with input as {"kind": "HTTPRoute", "spec": {}}
}
