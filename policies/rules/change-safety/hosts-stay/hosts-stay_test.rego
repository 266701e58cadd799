package library.change_safety.hosts_stay_test

import data.library.change_safety.hosts_stay
import data.library.lib.fixtures

ingress(name, hosts) := object.union(
	fixtures.thing("networking.k8s.io/v1", "Ingress", "shop", name),
	{"spec": {"rules": [{"host": host} | some host in hosts]}},
)

test_hosts_that_stay_are_allowed if {
	count(hosts_stay.deny) == 0 with input as fixtures.changeset([fixtures.update(ingress("web", ["a"]), ingress("web", ["a", "b"]))])
	moved := [fixtures.delete(ingress("web", ["a"])), fixtures.create(ingress("api", ["a"]))]
	count(hosts_stay.deny) == 0 with input as fixtures.changeset(moved)
}

test_hosts_that_go_are_denied if {
	count(hosts_stay.deny) == 1 with input as fixtures.changeset([fixtures.update(ingress("web", ["a", "b"]), ingress("web", ["b"]))])
	count(hosts_stay.deny) == 2 with input as fixtures.changeset([fixtures.delete(ingress("web", ["a", "b"]))])
	route := object.union(
		fixtures.thing("gateway.networking.k8s.io/v1", "HTTPRoute", "shop", "web"),
		{"spec": {"hostnames": ["a"]}},
	)
	count(hosts_stay.deny) == 1 with input as fixtures.changeset([fixtures.delete(route)])
}

test_what_is_not_known_is_denied if {
	operation := object.union(fixtures.delete(ingress("web", ["a"])), {"oldObject": null})
	count(hosts_stay.deny) == 1 with input as fixtures.changeset([operation])
}

test_the_old_object_consents if {
	consenting := fixtures.annotated(ingress("web", ["a"]), {"sluice.dev/allow-delete": "true"})
	count(hosts_stay.deny) == 0 with input as fixtures.changeset([fixtures.delete(consenting)])
}
