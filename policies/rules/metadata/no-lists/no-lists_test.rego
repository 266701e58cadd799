package library.metadata.no_lists_test

import data.library.metadata.no_lists

test_objects_are_allowed if {
	count(no_lists.deny) == 0 with input as {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
	count(no_lists.deny) == 0 with input as {"apiVersion": "example.com/v1", "kind": "GuestList", "metadata": {"name": "a"}}
}

test_lists_are_denied if {
	count(no_lists.deny) == 1 with input as {"apiVersion": "v1", "kind": "List", "items": [{"kind": "Pod"}]}
	count(no_lists.deny) == 1 with input as {"apiVersion": "v1", "kind": "PodList", "items": []}
}
