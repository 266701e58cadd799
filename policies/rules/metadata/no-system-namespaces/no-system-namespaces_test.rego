package library.metadata.no_system_namespaces_test

import data.library.metadata.no_system_namespaces

object(namespace) := {"kind": "ConfigMap", "metadata": {"name": "web", "namespace": namespace}}

test_others_are_allowed if {
	count(no_system_namespaces.deny) == 0 with input as object("shop")
	count(no_system_namespaces.deny) == 0 with input as {"kind": "Namespace", "metadata": {"name": "kube-system"}}
}

test_the_systems_are_denied if {
	every namespace in ["default", "kube-system", "kube-public"] {
		count(no_system_namespaces.deny) == 1 with input as object(namespace)
	}
}
