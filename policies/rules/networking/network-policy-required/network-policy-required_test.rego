package library.networking.network_policy_required_test

import data.library.lib.fixtures
import data.library.networking.network_policy_required

entries(objects) := [{"path": "app.yaml", "contents": contents} | some contents in objects]

policy(selector) := {"kind": "NetworkPolicy", "metadata": {"namespace": "shop"}, "spec": {"podSelector": selector}}

test_a_policy_for_all_is_allowed if {
	count(network_policy_required.deny) == 0 with input as entries([fixtures.pod({}), policy({})])
	count(network_policy_required.deny) == 0 with input as entries([])
}

test_none_is_denied if {
	some violation in network_policy_required.deny with input as entries([fixtures.pod({}), {"kind": "Service"}])
	violation.object == {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "web"}
}

test_one_for_some_or_elsewhere_is_denied if {
	count(network_policy_required.deny) == 1 with input as entries([fixtures.pod({}), policy({"matchLabels": {"app": "web"}})])
	elsewhere := object.union(policy({}), {"metadata": {"namespace": "other"}})
	count(network_policy_required.deny) == 1 with input as entries([fixtures.pod({}), elsewhere])
}
