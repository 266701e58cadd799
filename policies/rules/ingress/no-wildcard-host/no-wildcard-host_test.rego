package library.ingress.no_wildcard_host_test

import data.library.ingress.no_wildcard_host

test_names_are_allowed if {
	count(no_wildcard_host.deny) == 0 with input as {"kind": "Ingress", "spec": {"rules": [{"host": "shop.example.com"}, {}]}}
}

test_wildcards_are_denied if {
	count(no_wildcard_host.deny) == 1 with input as {"kind": "Ingress", "spec": {"rules": [{"host": "*.example.com"}]}}
	count(no_wildcard_host.deny) == 1 with input as {"kind": "HTTPRoute", "spec": {"hostnames": ["*.example.com"]}}
	count(no_wildcard_host.deny) == 1 with input as {"kind": "Gateway", "spec": {"listeners": [{"hostname": "*.example.com"}]}}
}

test_a_parameter_allows_some if {
	count(no_wildcard_host.deny) == 0 with input as {"kind": "Ingress", "spec": {"rules": [{"host": "*.example.com"}]}}
		with data.parameters.allowedWildcardHosts as ["*.example.com"]
}
