package library.change_safety.selectors_stay_test

import data.library.change_safety.selectors_stay
import data.library.lib.fixtures

service(selector) := object.union(fixtures.thing("v1", "Service", "shop", "web"), {"spec": {"selector": selector}})

changed(before, after) := fixtures.changeset([fixtures.update(service(before), service(after))])

test_the_same_is_allowed if {
	count(selectors_stay.deny) == 0 with input as changed({"app": "web"}, {"app": "web"})
	count(selectors_stay.deny) == 0 with input as changed({}, {"app": "web"})
	count(selectors_stay.deny) == 0 with input as fixtures.changeset([fixtures.create(service({"app": "web"}))])
}

test_another_is_denied if {
	every after in [{"app": "api"}, {"app": "web", "tier": "front"}, {}, null] {
		some violation in selectors_stay.deny with input as changed({"app": "web"}, after)
		violation.path == ["spec", "selector"]
	}
}

test_workloads_count_when_they_are_replaced if {
	before := fixtures.deployment({"selector": {"matchLabels": {"app": "web"}}})
	after := fixtures.deployment({"selector": {"matchLabels": {"app": "api"}}})
	count(selectors_stay.deny) == 1 with input as fixtures.changeset([fixtures.replace(before, after)])
}

test_a_label_may_switch if {
	before := {"app": "web", "version": "blue"}
	after := {"app": "web", "version": "green"}
	count(selectors_stay.deny) == 1 with input as changed(before, after)
	count(selectors_stay.deny) == 0 with input as changed(before, after) with data.parameters.switchedLabels as ["version"]
}

test_what_is_not_known_is_denied if {
	operation := object.union(fixtures.update(service({}), service({})), {"oldObject": null})
	count(selectors_stay.deny) == 1 with input as fixtures.changeset([operation])
}
