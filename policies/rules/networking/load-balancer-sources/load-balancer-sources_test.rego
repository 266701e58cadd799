package library.networking.load_balancer_sources_test

import data.library.networking.load_balancer_sources

service(ranges) := {"kind": "Service", "spec": {"type": "LoadBalancer", "loadBalancerSourceRanges": ranges}}

test_blocks_are_allowed if {
	count(load_balancer_sources.deny) == 0 with input as service(["203.0.113.0/24"])
	count(load_balancer_sources.deny) == 0 with input as {"kind": "Service", "spec": {"type": "ClusterIP"}}
}

test_everybody_is_denied if {
	every ranges in [[], null, ["0.0.0.0/0"], ["203.0.113.0/24", "::/0"], "203.0.113.0/24"] {
		count(load_balancer_sources.deny) == 1 with input as service(ranges)
	}
}
