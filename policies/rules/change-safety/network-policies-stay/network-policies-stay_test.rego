package library.change_safety.network_policies_stay_test

import data.library.change_safety.network_policies_stay
import data.library.lib.fixtures

policy(spec) := object.union(
	fixtures.thing("networking.k8s.io/v1", "NetworkPolicy", "shop", "web"),
	{"spec": object.union({"podSelector": {}}, spec)},
)

changed(before, after) := fixtures.changeset([fixtures.update(policy(before), policy(after))])

peers := [{"from": [{"podSelector": {"matchLabels": {"app": "gateway"}}}]}]

test_the_same_and_other_peers_are_allowed if {
	count(network_policies_stay.deny) == 0 with input as changed({"ingress": peers}, {"ingress": []})
	count(network_policies_stay.deny) == 0 with input as changed({"ingress": []}, {"ingress": peers})
	count(network_policies_stay.deny) == 0 with input as changed({}, {"policyTypes": ["Ingress", "Egress"]})
	count(network_policies_stay.deny) == 0 with input as fixtures.changeset([fixtures.create(policy({}))])
}

test_removal_is_denied if {
	count(network_policies_stay.deny) == 1 with input as fixtures.changeset([fixtures.delete(policy({}))])
	count(network_policies_stay.deny) == 1 with input as fixtures.changeset([object.union(fixtures.delete(policy({})), {"oldObject": null})])
	renamed := fixtures.thing("networking.k8s.io/v1", "NetworkPolicy", "shop", "web2")
	count(network_policies_stay.deny) == 1 with input as fixtures.changeset([fixtures.delete(policy({})), fixtures.create(renamed)])
}

test_less_is_denied if {
	count(network_policies_stay.deny) == 1 with input as changed({"policyTypes": ["Ingress", "Egress"]}, {"policyTypes": ["Ingress"]})
	count(network_policies_stay.deny) == 1 with input as changed({"egress": []}, {})
	count(network_policies_stay.deny) == 1 with input as changed({}, {"podSelector": {"matchLabels": {"app": "web"}}})
	count(network_policies_stay.deny) == 1 with input as changed({"ingress": peers}, {"ingress": array.concat(peers, [{}])})
}

test_what_is_not_known_is_denied if {
	operation := object.union(fixtures.update(policy({}), policy({})), {"oldObject": null})
	count(network_policies_stay.deny) == 1 with input as fixtures.changeset([operation])
}

test_the_old_object_consents if {
	consenting := fixtures.annotated(policy({}), {"sluice.dev/allow-delete": "true"})
	count(network_policies_stay.deny) == 0 with input as fixtures.changeset([fixtures.delete(consenting)])
}
