package library.change_safety.limits_stay_test

import data.library.change_safety.limits_stay
import data.library.lib.fixtures

container(name, limits) := {"name": name, "resources": {"limits": limits}}

changed(before, after) := fixtures.changeset([fixtures.update(fixtures.running(before), fixtures.running(after))])

test_other_limits_are_allowed if {
	count(limits_stay.deny) == 0 with input as changed([container("app", {"memory": "1Gi"})], [container("app", {"memory": "2Gi"})])
	count(limits_stay.deny) == 0 with input as changed([container("app", {})], [container("app", {})])
	count(limits_stay.deny) == 0 with input as changed([container("app", {})], [container("app", {}), container("proxy", {})])
}

test_none_is_denied if {
	some violation in limits_stay.deny with input as changed([container("app", {"memory": "1Gi"})], [{"name": "app"}])
	violation.msg == "container app of Deployment shop/web loses its limit of memory: it was 1Gi"
	count(limits_stay.deny) == 1 with input as changed(
		[container("app", {"memory": "1Gi", "cpu": 1})],
		[container("app", {"memory": "1Gi"})],
	)
}

test_a_new_name_makes_no_difference if {
	count(limits_stay.deny) == 1 with input as changed([container("app", {"memory": "1Gi"})], [container("web", {})])
}

test_quotas_stay if {
	every kind in ["LimitRange", "ResourceQuota"] {
		count(limits_stay.deny) == 1 with input as fixtures.changeset([fixtures.delete(fixtures.thing("v1", kind, "shop", "all"))])
	}
}

test_what_is_not_known_is_denied if {
	operation := object.union(fixtures.update(fixtures.running([]), fixtures.running([])), {"oldObject": null})
	count(limits_stay.deny) == 1 with input as fixtures.changeset([operation])
}
