package library.ingress.no_shared_path_test

import data.library.ingress.no_shared_path

ingress(name, host, path) := {"path": "a.yaml", "contents": {
	"apiVersion": "networking.k8s.io/v1",
	"kind": "Ingress",
	"metadata": {"name": name, "namespace": "shop"},
	"spec": {"rules": [{"host": host, "http": {"paths": [{"path": path}]}}]},
}}

test_others_are_allowed if {
	count(no_shared_path.deny) == 0 with input as [ingress("a", "a.example.com", "/"), ingress("b", "b.example.com", "/")]
	count(no_shared_path.deny) == 0 with input as [ingress("a", "a.example.com", "/"), ingress("b", "a.example.com", "/api")]
}

test_the_same_is_denied_for_both if {
	count(no_shared_path.deny) == 2 with input as [ingress("a", "a.example.com", "/"), ingress("b", "a.example.com", "/")]
}
