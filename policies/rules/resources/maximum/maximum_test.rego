package library.resources.maximum_test

import data.library.lib.fixtures
import data.library.resources.maximum

test_what_is_in_bounds_is_allowed if {
	count(maximum.deny) == 0 with input as fixtures.container({"resources": {"limits": {"cpu": 8, "memory": "32Gi"}}})
	count(maximum.deny) == 0 with input as fixtures.container({})
}

test_more_is_denied if {
	needs := {"requests": {"cpu": "8001m"}, "limits": {"memory": 34359738369}}
	count(maximum.deny) == 2 with input as fixtures.container({"resources": needs})
}

test_what_is_no_quantity_is_denied if {
	count(maximum.deny) == 1 with input as fixtures.container({"resources": {"limits": {"memory": "lots"}}})
}

test_a_parameter_that_is_no_quantity_allows_nothing if {
	object := fixtures.container({"resources": {"limits": {"memory": "1Gi"}}})
	count(maximum.deny) == 0 with input as object with data.parameters.maximumResources as {"memory": "1Gi"}
	count(maximum.deny) == 1 with input as object with data.parameters.maximumResources as {"memory": "1GB"}
}
