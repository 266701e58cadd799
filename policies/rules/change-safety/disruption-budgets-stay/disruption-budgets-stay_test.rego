package library.change_safety.disruption_budgets_stay_test

import data.library.change_safety.disruption_budgets_stay
import data.library.lib.fixtures

budget(spec) := object.union(
	fixtures.thing("policy/v1", "PodDisruptionBudget", "shop", "web"),
	{"spec": object.union({"selector": {"matchLabels": {"app": "web"}}}, spec)},
)

changed(before, after) := fixtures.changeset([fixtures.update(budget(before), budget(after))])

test_the_same_and_stricter_are_allowed if {
	count(disruption_budgets_stay.deny) == 0 with input as changed({"minAvailable": 2}, {"minAvailable": 3})
	count(disruption_budgets_stay.deny) == 0 with input as changed({"minAvailable": "50%"}, {"minAvailable": "75%"})
	count(disruption_budgets_stay.deny) == 0 with input as changed({"maxUnavailable": 2}, {"maxUnavailable": 1})
	count(disruption_budgets_stay.deny) == 0 with input as changed({"maxUnavailable": 1}, {"maxUnavailable": 1})
	count(disruption_budgets_stay.deny) == 0 with input as fixtures.changeset([fixtures.create(budget({}))])
}

test_removal_is_denied if {
	count(disruption_budgets_stay.deny) == 1 with input as fixtures.changeset([fixtures.delete(budget({}))])
	count(disruption_budgets_stay.deny) == 1 with input as fixtures.changeset([object.union(fixtures.delete(budget({})), {"oldObject": null})])
}

test_less_is_denied if {
	count(disruption_budgets_stay.deny) == 1 with input as changed({"minAvailable": 3}, {"minAvailable": 2})
	count(disruption_budgets_stay.deny) == 1 with input as changed({"minAvailable": "75%"}, {"minAvailable": "50%"})
	count(disruption_budgets_stay.deny) == 1 with input as changed({"maxUnavailable": 1}, {"maxUnavailable": 2})
	count(disruption_budgets_stay.deny) > 0 with input as changed({"minAvailable": 3}, {})
	count(disruption_budgets_stay.deny) > 0 with input as changed({"maxUnavailable": 1}, {})
	count(disruption_budgets_stay.deny) == 1 with input as changed({}, {"selector": {"matchLabels": {"app": "web2"}}})
}

test_what_cannot_be_compared_is_denied if {
	count(disruption_budgets_stay.deny) == 1 with input as changed({"minAvailable": 3}, {"minAvailable": "50%"})
	count(disruption_budgets_stay.deny) > 0 with input as changed({"minAvailable": 3}, {"maxUnavailable": 1})
}

test_a_replacement_is_compared if {
	count(disruption_budgets_stay.deny) == 1 with input as fixtures.changeset([fixtures.replace(budget({"minAvailable": 3}), budget({"minAvailable": 1}))])
}

test_the_old_object_consents if {
	consenting := fixtures.annotated(budget({}), {"sluice.dev/allow-delete": "true"})
	count(disruption_budgets_stay.deny) == 0 with input as fixtures.changeset([fixtures.delete(consenting)])
}
