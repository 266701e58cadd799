package library.ingress.tls_required_test

import data.library.ingress.tls_required

ingress(hosts, tls) := {
	"apiVersion": "networking.k8s.io/v1",
	"kind": "Ingress",
	"metadata": {"name": "web"},
	"spec": {"rules": [{"host": host} | some host in hosts], "tls": tls},
}

test_covered_hosts_are_allowed if {
	every tls in [[{"hosts": ["a.example.com"]}], [{"hosts": ["*.example.com"]}], [{"secretName": "tls"}]] {
		count(tls_required.deny) == 0 with input as ingress(["a.example.com"], tls)
	}
}

test_others_are_denied if {
	every tls in [[], null, [{"hosts": ["b.example.com"]}], [{"hosts": ["*.com"]}]] {
		count(tls_required.deny) == 1 with input as ingress(["a.example.com"], tls)
	}
	count(tls_required.deny) == 1 with input as {"kind": "Ingress", "spec": {"defaultBackend": {"service": {}}}}
	count(tls_required.deny) == 1 with input as {"kind": "Ingress", "spec": {"rules": [{"http": {}}]}}
}

gateway(protocol) := {
	"apiVersion": "gateway.networking.k8s.io/v1",
	"kind": "Gateway",
	"spec": {"listeners": [{"name": "web", "protocol": protocol}]},
}

test_gateways_are_judged_too if {
	count(tls_required.deny) == 0 with input as gateway("HTTPS")
	count(tls_required.deny) == 1 with input as gateway("HTTP")
}
