package library.networking.network_policy_narrow_test

import data.library.networking.network_policy_narrow

policy(ingress) := {"kind": "NetworkPolicy", "metadata": {"name": "web"}, "spec": {"podSelector": {}, "ingress": ingress}}

test_who_is_named_is_allowed if {
	count(network_policy_narrow.deny) == 0 with input as policy([])
	count(network_policy_narrow.deny) == 0 with input as policy([{"from": [{"podSelector": {}}]}])
	count(network_policy_narrow.deny) == 0 with input as policy([{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}])
}

test_everybody_is_denied if {
	every rule in [
		{},
		{"from": []},
		{"from": null, "ports": [{"port": 80}]},
		{"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]},
		{"from": [{"podSelector": {}}, {"namespaceSelector": {}}]},
	] {
		some violation in network_policy_narrow.deny with input as policy([rule])
		violation.path == ["spec", "ingress", 0]
	}
}

test_a_public_one_says_so if {
	public := {"metadata": {"annotations": {"sluice.dev/public": "true"}}}
	count(network_policy_narrow.deny) == 0 with input as object.union(policy([{}]), public)
}
