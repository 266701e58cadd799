package library.change_safety.replicas_drop_test

import data.library.change_safety.replicas_drop
import data.library.lib.fixtures

scaled(before, after) := fixtures.changeset([fixtures.update(fixtures.deployment(before), fixtures.deployment(after))])

test_few_fewer_and_more_are_allowed if {
	count(replicas_drop.deny) == 0 with input as scaled({"replicas": 4}, {"replicas": 2})
	count(replicas_drop.deny) == 0 with input as scaled({"replicas": 1}, {"replicas": 5})
	count(replicas_drop.deny) == 0 with input as scaled({"replicas": 0}, {"replicas": 0})
	count(replicas_drop.deny) == 0 with input as scaled({}, {})
	thing := fixtures.thing("v1", "ConfigMap", "shop", "a")
	count(replicas_drop.deny) == 0 with input as fixtures.changeset([fixtures.update(thing, thing), fixtures.create(thing)])
}

test_less_than_half_is_denied if {
	some violation in replicas_drop.deny with input as scaled({"replicas": 5}, {"replicas": 2})
	violation.msg == "Deployment shop/web goes from 5 replicas to 2"
	violation.operation == "apps/Deployment/shop/web"
}

test_none_is_denied if {
	count(replicas_drop.deny) == 1 with input as scaled({"replicas": 1}, {"replicas": 0})
	count(replicas_drop.deny) == 1 with input as scaled({}, {"replicas": 0})
}

test_what_is_no_longer_written_is_one if {
	count(replicas_drop.deny) == 1 with input as scaled({"replicas": 5}, {})
	count(replicas_drop.deny) == 1 with input as scaled({"replicas": 5}, {"replicas": null})
}

test_what_is_no_number_is_denied if {
	count(replicas_drop.deny) == 1 with input as scaled({"replicas": 5}, {"replicas": "5"})
}

test_a_replacement_counts if {
	before := fixtures.deployment({"replicas": 5})
	count(replicas_drop.deny) == 1 with input as fixtures.changeset([fixtures.replace(before, fixtures.deployment({"replicas": 1}))])
}

test_what_is_not_known_is_denied if {
	operation := object.union(fixtures.update(fixtures.deployment({}), fixtures.deployment({"replicas": 1})), {"oldObject": null})
	count(replicas_drop.deny) == 1 with input as fixtures.changeset([operation])
}

test_custom_resources_with_replicas_count if {
	before := object.union(fixtures.thing("argoproj.io/v1alpha1", "Rollout", "shop", "web"), {"spec": {"replicas": 6}})
	count(replicas_drop.deny) == 1 with input as fixtures.changeset([fixtures.update(before, object.union(before, {"spec": {"replicas": 1}}))])
}

test_a_parameter_moves_the_bound if {
	count(replicas_drop.deny) == 1 with input as scaled({"replicas": 4}, {"replicas": 3}) with data.parameters.maximumReplicasDrop as 0.1
}

test_what_has_no_default_must_be_written if {
	before := object.union(fixtures.thing("argoproj.io/v1alpha1", "Rollout", "shop", "web"), {"spec": {"replicas": 6}})
	after := fixtures.thing("argoproj.io/v1alpha1", "Rollout", "shop", "web")
	count(replicas_drop.deny) == 1 with input as fixtures.changeset([fixtures.update(before, after)])
	count(replicas_drop.deny) == 1 with input as fixtures.changeset([object.union(fixtures.update(before, before), {"object": null})])
}
