package library.change_safety.digest_unpinned_test

import data.library.change_safety.digest_unpinned
import data.library.lib.fixtures

pinned := concat("", ["web:1@sha256:", concat("", ["0" | some _ in numbers.range(1, 64)])])

changed(before, after) := fixtures.changeset([fixtures.update(fixtures.running(before), fixtures.running(after))])

test_pinned_and_never_pinned_are_allowed if {
	count(digest_unpinned.deny) == 0 with input as changed([{"name": "a", "image": pinned}], [{"name": "a", "image": pinned}])
	count(digest_unpinned.deny) == 0 with input as changed([{"name": "a", "image": "web:1"}], [{"name": "a", "image": "web:2"}])
	count(digest_unpinned.deny) == 0 with input as changed(
		[{"name": "a", "image": pinned}, {"name": "b", "image": "x"}],
		[{"name": "a", "image": pinned}, {"name": "b", "image": "y"}],
	)
}

test_unpinned_is_denied if {
	every image in ["web:1", "web:1@sha256:0", "", null] {
		count(digest_unpinned.deny) == 1 with input as changed([{"name": "a", "image": pinned}], [{"name": "a", "image": image}])
	}
}

test_a_new_name_makes_no_difference if {
	count(digest_unpinned.deny) == 1 with input as changed([{"name": "a", "image": pinned}], [{"name": "b", "image": "other:1"}])
}

test_an_unknown_old_object_may_have_been_pinned if {
	operation := object.union(
		fixtures.update(fixtures.running([]), fixtures.running([{"name": "a", "image": "web:1"}])),
		{"oldObject": null},
	)
	count(digest_unpinned.deny) == 1 with input as fixtures.changeset([operation])
}
