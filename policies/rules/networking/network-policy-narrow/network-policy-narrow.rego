# METADATA
# title: NetworkPolicies name who may come
# description: A rule without from, or from every address, lets everybody in, and is mostly an oversight.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/services-networking/network-policies/#networkpolicy-resource
# custom:
#   id: networking/network-policy-narrow
#   severity: medium
#   remedy: >-
#     Name pods, namespaces or address blocks in from, or annotate the policy with sluice.dev/public set to "true" if
#     it is meant for everybody.
package library.networking.network_policy_narrow

deny contains {"msg": message, "path": ["spec", "ingress", index]} if {
	input.kind == "NetworkPolicy"
	object.get(input, ["metadata", "annotations", "sluice.dev/public"], "") != "true"
	some index, rule in object.get(input, ["spec", "ingress"], [])
	who := opens(rule)
	message := sprintf("ingress rule %v lets in %s", [index, who])
}

opens(rule) := "everybody" if object.get(rule, "from", null) in [[], null]

else := "every address" if {
	some peer in rule.from
	peer.ipBlock.cidr in {"0.0.0.0/0", "::/0"}
} else := "every pod of every namespace" if {
	some peer in rule.from
	peer.namespaceSelector == {}
	object.get(peer, "podSelector", {}) == {}
}
