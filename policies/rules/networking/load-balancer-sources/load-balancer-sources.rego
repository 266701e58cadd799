# METADATA
# title: Load balancers name who may come
# description: A load balancer without loadBalancerSourceRanges is open to the whole Internet.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/services-networking/service/#loadbalancer
# custom:
#   id: networking/load-balancer-sources
#   severity: high
#   remedy: Set spec.loadBalancerSourceRanges to the address blocks of the clients.
package library.networking.load_balancer_sources

deny contains {"msg": message, "path": ["spec", "type"]} if {
	input.kind == "Service"
	input.spec.type == "LoadBalancer"
	ranges := object.get(input, ["spec", "loadBalancerSourceRanges"], [])
	not is_narrow(ranges)
	message := sprintf("the load balancer takes clients from %s", [json.marshal(ranges)])
}

is_narrow(ranges) if {
	is_array(ranges)
	count(ranges) > 0
	every range in ranges {
		not endswith(range, "/0")
	}
}
