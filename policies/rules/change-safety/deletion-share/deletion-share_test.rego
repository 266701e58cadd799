package library.change_safety.deletion_share_test

import data.library.change_safety.deletion_share
import data.library.lib.fixtures

maps(op, ids) := [object.union(fixtures.delete(fixtures.thing("v1", "ConfigMap", "shop", sprintf("%s-%d", [op, id]))), {"op": op}) |
	some id in ids
]

changes(deleted, others) := fixtures.changeset(array.concat(
	maps("delete", numbers.range(1, deleted)),
	maps("unchanged", numbers.range(1, others)),
))

test_few_are_allowed if {
	count(deletion_share.deny) == 0 with input as changes(4, 16)
	count(deletion_share.deny) == 0 with input as changes(3, 1)
	count(deletion_share.deny) == 0 with input as fixtures.changeset([])
}

test_many_are_denied if {
	some violation in deletion_share.deny with input as changes(5, 15)
	violation.msg == "5 of 20 objects would be deleted: more than 20 %"
}

test_what_is_made_anew_does_not_count_against_it if {
	created := [fixtures.create(fixtures.thing("v1", "ConfigMap", "shop", sprintf("new-%d", [id]))) | some id in numbers.range(1, 20)]
	count(deletion_share.deny) == 1 with input as fixtures.changeset(array.concat(maps("delete", numbers.range(1, 5)), created))
}

test_what_nobody_knows_counts if {
	unknown := maps("prune", numbers.range(1, 5))
	count(deletion_share.deny) == 1 with input as fixtures.changeset(array.concat(unknown, maps("unchanged", numbers.range(1, 5))))
}

test_parameters_move_the_bounds if {
	count(deletion_share.deny) == 0 with input as changes(5, 15) with data.parameters.maximumDeletedShare as 0.5
	count(deletion_share.deny) == 1 with input as changes(1, 1) with data.parameters.freeDeletions as 0
	count(deletion_share.deny) > 0 with input as changes(1, 100) with data.parameters.maximumDeletedShare as "50%"
}
