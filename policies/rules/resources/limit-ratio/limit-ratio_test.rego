package library.resources.limit_ratio_test

import data.library.lib.fixtures
import data.library.resources.limit_ratio

needs(request, limit) := fixtures.container({"resources": {"requests": request, "limits": limit}})

test_near_limits_are_allowed if {
	count(limit_ratio.deny) == 0 with input as needs({"cpu": "100m", "memory": "64Mi"}, {"cpu": 1, "memory": "128Mi"})
	count(limit_ratio.deny) == 0 with input as needs({}, {"memory": "1Gi"})
	count(limit_ratio.deny) == 0 with input as needs({"memory": "1Gi"}, {})
}

test_far_limits_are_denied if {
	count(limit_ratio.deny) == 2 with input as needs({"cpu": "100m", "memory": "64Mi"}, {"cpu": "1001m", "memory": 134217729})
}

test_what_is_no_quantity_is_denied if {
	count(limit_ratio.deny) == 1 with input as needs({"memory": "64Mi"}, {"memory": "much"})
	count(limit_ratio.deny) == 1 with input as needs({"memory": "little"}, {"memory": "64Mi"})
}

test_a_parameter_bounds_others if {
	object := needs({"memory": "64Mi"}, {"memory": "64Mi"})
	count(limit_ratio.deny) == 0 with input as object with data.parameters.maximumLimitRatio as {"memory": 1}
	count(limit_ratio.deny) > 0 with input as object with data.parameters.maximumLimitRatio as {"memory": "1"}
}
