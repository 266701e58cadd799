package library.change_safety.autoscaler_minimum_test

import data.library.change_safety.autoscaler_minimum
import data.library.lib.fixtures

hpa(spec) := object.union(fixtures.thing("autoscaling/v2", "HorizontalPodAutoscaler", "shop", "web"), {"spec": spec})

changed(before, after) := fixtures.changeset([fixtures.update(hpa(before), hpa(after))])

test_the_same_and_more_are_allowed if {
	count(autoscaler_minimum.deny) == 0 with input as changed({"minReplicas": 2}, {"minReplicas": 2})
	count(autoscaler_minimum.deny) == 0 with input as changed({}, {"minReplicas": 3})
	count(autoscaler_minimum.deny) == 0 with input as changed({}, {})
	count(autoscaler_minimum.deny) == 0 with input as fixtures.changeset([fixtures.create(hpa({}))])
}

test_less_is_denied if {
	every spec in [{"minReplicas": 1}, {}, {"minReplicas": null}, {"minReplicas": "3"}] {
		count(autoscaler_minimum.deny) == 1 with input as changed({"minReplicas": 3}, spec)
	}
}

test_what_is_not_known_is_denied if {
	operation := object.union(fixtures.update(hpa({}), hpa({})), {"oldObject": null})
	count(autoscaler_minimum.deny) == 1 with input as fixtures.changeset([operation])
}
