package library.ingress.no_snippets_test

import data.library.ingress.no_snippets

ingress(annotation) := {"kind": "Ingress", "metadata": {"name": "web", "annotations": {annotation: "x"}}}

test_others_are_allowed if {
	count(no_snippets.deny) == 0 with input as ingress("nginx.ingress.kubernetes.io/rewrite-target")
	count(no_snippets.deny) == 0 with input as {"kind": "Ingress", "metadata": {"name": "web"}}
}

test_snippets_are_denied if {
	every name in ["configuration-snippet", "server-snippet", "auth-snippet", "stream-snippet", "modsecurity-snippet"] {
		count(no_snippets.deny) == 1 with input as ingress(concat("/", ["nginx.ingress.kubernetes.io", name]))
	}
}
