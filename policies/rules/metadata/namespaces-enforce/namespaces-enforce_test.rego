package library.metadata.namespaces_enforce_test

import data.library.metadata.namespaces_enforce

namespace(labels) := {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": labels}}

test_levels_are_allowed if {
	every level in ["baseline", "restricted"] {
		count(namespaces_enforce.deny) == 0 with input as namespace({"pod-security.kubernetes.io/enforce": level})
	}
}

test_none_and_privileged_are_denied if {
	count(namespaces_enforce.deny) == 1 with input as namespace({})
	count(namespaces_enforce.deny) == 1 with input as {"kind": "Namespace", "metadata": {"name": "shop"}}
	count(namespaces_enforce.deny) == 1 with input as namespace({"pod-security.kubernetes.io/enforce": "privileged"})
}

test_a_parameter_asks_for_more if {
	count(namespaces_enforce.deny) == 1 with input as namespace({"pod-security.kubernetes.io/enforce": "baseline"})
		with data.parameters.podSecurityLevels as ["restricted"]
}
