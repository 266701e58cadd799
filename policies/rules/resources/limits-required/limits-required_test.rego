package library.resources.limits_required_test

import data.library.lib.fixtures
import data.library.resources.limits_required

test_a_limit_is_allowed if {
	every memory in ["64Mi", 134217728, "134217728", "1e8"] {
		count(limits_required.deny) == 0 with input as fixtures.container({"resources": {"limits": {"memory": memory}}})
	}
}

test_the_pod_may_set_it_for_all if {
	spec := {"resources": {"limits": {"memory": "1Gi"}}, "containers": [{"name": "a"}]}
	count(limits_required.deny) == 0 with input as fixtures.pod(spec)
}

test_none_is_denied if {
	every needs in [{}, {"limits": {}}, {"limits": {"memory": ""}}, {"limits": {"memory": "64MB"}}, {"requests": {"memory": "64Mi"}}] {
		count(limits_required.deny) == 1 with input as fixtures.container({"resources": needs})
	}
}

test_a_parameter_names_others if {
	object := fixtures.container({"resources": {"limits": {"memory": "1Gi"}}})
	count(limits_required.deny) == 1 with input as object with data.parameters.requiredLimits as ["cpu", "memory"]
}
