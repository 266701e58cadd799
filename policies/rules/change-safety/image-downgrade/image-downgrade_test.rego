package library.change_safety.image_downgrade_test

import data.library.change_safety.image_downgrade
import data.library.lib.fixtures

changed(before, after) := fixtures.changeset([fixtures.update(
	fixtures.running([{"name": "app", "image": before}]),
	fixtures.running([{"name": "app", "image": after}]),
)])

test_newer_and_the_same_are_allowed if {
	every pair in [
		["web:1.2.3", "web:1.2.4"],
		["web:1.9.0", "web:1.10.0"],
		["web:v1.2.3", "web:v1.2.3@sha256:0"],
		["web:1.2.3-rc1", "web:1.2.3"],
		["web:1.2.3-rc.1", "web:1.2.3-rc.2"],
		["web:1.2.3", "web:1.2.3-alpine"],
		["web:latest", "web:1.0.0"],
		["web", "web"],
		["web:2.0.0", "api:1.0.0"],
	] {
		count(image_downgrade.deny) == 0 with input as changed(pair[0], pair[1])
	}
}

test_older_is_denied if {
	every pair in [
		["web:1.2.4", "web:1.2.3"],
		["web:1.10.0", "web:1.9.0"],
		["web:v2", "web:v1.9"],
		["web:1.2.3", "web:1.2.3-rc1"],
		["web:1.2.3-rc.2", "web:1.2.3-rc.1"],
		["web:1.2.4@sha256:0", "web:1.2.3@sha256:1"],
		["registry.example.com/shop/web:2.0.0", "mirror.example.com/web:1.0.0"],
		["web:20261128", "web:20261127"],
	] {
		some violation in image_downgrade.deny with input as changed(pair[0], pair[1])
		violation.path == ["spec", "template", "spec", "containers", 0, "image"]
	}
}

test_what_is_no_version_any_more_is_denied if {
	every image in ["web:latest", "web", "web:stable", "web@sha256:0"] {
		count(image_downgrade.deny) == 1 with input as changed("web:1.2.3", image)
	}
}

test_a_new_name_of_the_container_makes_no_difference if {
	count(image_downgrade.deny) == 1 with input as fixtures.changeset([fixtures.update(
		fixtures.running([{"name": "app", "image": "web:1.2.3"}]),
		fixtures.running([{"name": "main", "image": "web:1.2.2"}]),
	)])
}

test_a_rollback_and_a_revert_mean_it if {
	back := changed("web:2.0.0", "web:1.0.0")
	count(image_downgrade.deny) == 0 with input as object.union(back, {"changeset": {"trigger": "rollback"}})
	count(image_downgrade.deny) == 1 with input as object.union(back, {"changeset": {"trigger": "rollback"}})
		with data.parameters.exemptTriggers as []
	message := "Revert \"Sell more\"\n\nThis reverts commit 0123456789abcdef."
	count(image_downgrade.deny) == 0 with input as object.union(back, {"changeset": {"source": {"message": message}}})
}

test_what_is_not_known_is_denied if {
	operation := object.union(fixtures.update(fixtures.running([]), fixtures.running([])), {"oldObject": null})
	count(image_downgrade.deny) == 1 with input as fixtures.changeset([operation])
}
