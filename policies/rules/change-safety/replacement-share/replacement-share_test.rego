package library.change_safety.replacement_share_test

import data.library.change_safety.replacement_share
import data.library.lib.fixtures

operations(op, ids) := [object.union(fixtures.delete(fixtures.thing("v1", "ConfigMap", "shop", sprintf("%s-%d", [op, id]))), {"op": op}) |
	some id in ids
]

changes(replaced, others) := fixtures.changeset(array.concat(
	operations("replace", numbers.range(1, replaced)),
	operations("update", numbers.range(1, others)),
))

test_few_are_allowed if {
	count(replacement_share.deny) == 0 with input as changes(2, 8)
	count(replacement_share.deny) == 0 with input as changes(1, 1)
}

test_many_are_denied if {
	count(replacement_share.deny) == 1 with input as changes(3, 7)
}

test_parameters_move_the_bounds if {
	count(replacement_share.deny) == 0 with input as changes(3, 7) with data.parameters.freeReplacements as 5
	count(replacement_share.deny) == 1 with input as changes(2, 8) with data.parameters.maximumReplacedShare as 0.1
}
