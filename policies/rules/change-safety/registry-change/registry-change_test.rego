package library.change_safety.registry_change_test

import data.library.change_safety.registry_change
import data.library.lib.fixtures

changed(before, after) := fixtures.changeset([fixtures.update(
	fixtures.running([{"name": "app", "image": image} | some image in before]),
	fixtures.running([{"name": "app", "image": image} | some image in after]),
)])

test_the_same_registry_is_allowed if {
	count(registry_change.deny) == 0 with input as changed(["a.example.com/web:1"], ["a.example.com/web:2", "a.example.com/proxy"])
	count(registry_change.deny) == 0 with input as changed(["nginx"], ["docker.io/library/nginx"])
}

test_another_is_denied if {
	count(registry_change.deny) == 1 with input as changed(["a.example.com/web:1"], ["b.example.com/web:1"])
	count(registry_change.deny) == 1 with input as changed(["a.example.com/web:1"], ["web:1"])
	count(registry_change.deny) == 1 with input as changed(["a.example.com/web:1"], ["a.example.com/web:1", "b.example.com/miner:1"])
}

test_an_unknown_old_object_knows_none if {
	operation := object.union(
		fixtures.update(fixtures.running([]), fixtures.running([{"name": "app", "image": "a.example.com/web"}])),
		{"oldObject": null},
	)
	count(registry_change.deny) == 1 with input as fixtures.changeset([operation])
}

test_a_parameter_trusts_some if {
	count(registry_change.deny) == 0 with input as changed(["a.example.com/web:1"], ["b.example.com/web:1"])
		with data.parameters.trustedRegistries as ["b.example.com"]
}

test_a_heal_is_not_held_back if {
	taken := changed(["miner.example.com/web:1"], ["a.example.com/web:1"])
	count(registry_change.deny) == 1 with input as taken
	count(registry_change.deny) == 0 with input as object.union(taken, {"changeset": {"trigger": "drift"}})
}
