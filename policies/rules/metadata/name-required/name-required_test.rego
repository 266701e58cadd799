package library.metadata.name_required_test

import data.library.metadata.name_required

test_a_name_is_allowed if {
	count(name_required.deny) == 0 with input as {"kind": "Job", "metadata": {"name": "migrate"}}
}

test_none_is_denied if {
	every metadata in [{}, {"name": ""}, {"name": 7}, {"name": null}] {
		count(name_required.deny) == 1 with input as {"kind": "Job", "metadata": metadata}
	}
	count(name_required.deny) == 1 with input as {"kind": "Job"}
	count(name_required.deny) == 2 with input as {"kind": "Job", "metadata": {"generateName": "migrate-"}}
}
