package library.workloads.no_bare_pods_test

import data.library.lib.fixtures
import data.library.workloads.no_bare_pods

test_controllers_are_allowed if {
	count(no_bare_pods.deny) == 0 with input as fixtures.pod({})
}

test_a_bare_pod_is_denied if {
	count(no_bare_pods.deny) == 1 with input as fixtures.workload("Pod", {})
	count(no_bare_pods.deny) == 1 with input as {"kind": "Pod"}
}
