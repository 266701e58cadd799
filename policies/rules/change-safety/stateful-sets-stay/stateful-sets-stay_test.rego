package library.change_safety.stateful_sets_stay_test

import data.library.change_safety.stateful_sets_stay
import data.library.lib.fixtures

set(spec) := object.union(fixtures.thing("apps/v1", "StatefulSet", "shop", "db"), {"spec": spec})

test_changes_in_place_are_allowed if {
	count(stateful_sets_stay.deny) == 0 with input as fixtures.changeset([fixtures.create(set({})), fixtures.update(set({}), set({}))])
}

test_deletions_are_denied if {
	count(stateful_sets_stay.deny) == 1 with input as fixtures.changeset([fixtures.delete(set({}))])
	count(stateful_sets_stay.deny) == 1 with input as fixtures.changeset([fixtures.replace(set({}), set({}))])
	count(stateful_sets_stay.deny) == 1 with input as fixtures.changeset([object.union(fixtures.delete(set({})), {"oldObject": null})])
	renamed := fixtures.thing("apps/v1", "StatefulSet", "shop", "db2")
	count(stateful_sets_stay.deny) == 1 with input as fixtures.changeset([fixtures.delete(set({})), fixtures.create(renamed)])
}

test_the_old_object_consents if {
	deletable := fixtures.annotated(set({}), {"sluice.dev/allow-delete": "true"})
	replaceable := fixtures.annotated(set({}), {"sluice.dev/allow-replace": "true"})
	count(stateful_sets_stay.deny) == 0 with input as fixtures.changeset([fixtures.delete(deletable)])
	count(stateful_sets_stay.deny) == 0 with input as fixtures.changeset([fixtures.replace(replaceable, set({}))])
	count(stateful_sets_stay.deny) == 1 with input as fixtures.changeset([fixtures.delete(replaceable)])
}

test_volumes_are_not_given_up if {
	after := set({"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete", "whenScaled": "Delete"}})
	count(stateful_sets_stay.deny) == 2 with input as fixtures.changeset([fixtures.update(set({}), after)])
	count(stateful_sets_stay.deny) == 0 with input as fixtures.changeset([fixtures.update(after, after)])
}
