package library.resources.requests_required_test

import data.library.lib.fixtures
import data.library.resources.requests_required

test_what_is_set_is_allowed if {
	every cpu in ["100m", 1, "1", "0.1"] {
		needs := {"requests": {"cpu": cpu, "memory": "64Mi"}}
		count(requests_required.deny) == 0 with input as fixtures.container({"resources": needs})
	}
	count(requests_required.deny) == 0 with input as fixtures.container({"resources": {"limits": {"cpu": 1, "memory": "134217728"}}})
}

test_the_pod_may_set_it_for_all if {
	spec := {"resources": {"requests": {"cpu": "1", "memory": "1Gi"}}, "containers": [{"name": "a"}, {"name": "b"}]}
	count(requests_required.deny) == 0 with input as fixtures.pod(spec)
}

test_each_that_is_missing_is_denied if {
	every needs in [{}, {"requests": {}}, {"requests": {"cpu": "", "memory": "much"}}, {"requests": {"cpu": 0, "memory": "0"}}] {
		count(requests_required.deny) == 2 with input as fixtures.container({"resources": needs})
	}
	count(requests_required.deny) == 1 with input as fixtures.container({"resources": {"requests": {"cpu": "1"}}})
	count(requests_required.deny) == 2 with input as fixtures.container({})
}

test_a_parameter_names_others if {
	object := fixtures.container({"resources": {"requests": {"cpu": "1"}}})
	count(requests_required.deny) == 0 with input as object with data.parameters.requiredRequests as ["cpu"]
	count(requests_required.deny) == 1 with input as object with data.parameters.requiredRequests as ["ephemeral-storage"]
}
