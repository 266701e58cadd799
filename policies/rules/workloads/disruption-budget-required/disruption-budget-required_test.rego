package library.workloads.disruption_budget_required_test

import data.library.lib.fixtures
import data.library.workloads.disruption_budget_required

entries(objects) := [{"path": "app.yaml", "contents": contents} | some contents in objects]

web := object.union(fixtures.pod({}), {"spec": {"replicas": 3}})

budget(spec) := {"kind": "PodDisruptionBudget", "metadata": {"name": "web", "namespace": "shop"}, "spec": spec}

test_a_budget_for_the_pods_is_allowed if {
	every selector in [
		{"matchLabels": {"app": "web"}},
		{},
		{"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "api"]}]},
		{"matchExpressions": [{"key": "app", "operator": "Exists"}, {"key": "x", "operator": "DoesNotExist"}]},
		{"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["api"]}]},
	] {
		count(disruption_budget_required.deny) == 0 with input as entries([web, budget({"selector": selector, "maxUnavailable": 1})])
	}
}

test_none_is_denied if {
	count(disruption_budget_required.deny) == 1 with input as entries([web])
	count(disruption_budget_required.deny) == 1 with input as entries([fixtures.pod({})])
}

test_one_for_others_is_denied if {
	count(disruption_budget_required.deny) == 1 with input as entries([web, budget({"selector": {"matchLabels": {"app": "api"}}})])
	count(disruption_budget_required.deny) == 1 with input as entries([web, budget({})])
	elsewhere := object.union(budget({"selector": {}}), {"metadata": {"namespace": "other"}})
	count(disruption_budget_required.deny) == 1 with input as entries([web, elsewhere])
}

test_what_runs_once_needs_none if {
	count(disruption_budget_required.deny) == 0 with input as entries([object.union(web, {"spec": {"replicas": 1}})])
}

test_one_that_blocks_is_denied if {
	count(disruption_budget_required.deny) == 1 with input as entries([web, budget({"selector": {}, "maxUnavailable": 0})])
	count(disruption_budget_required.deny) == 1 with input as entries([web, budget({"selector": {}, "minAvailable": "100%"})])
}
