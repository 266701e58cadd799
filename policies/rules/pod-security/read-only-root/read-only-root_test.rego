package library.pod_security.read_only_root_test

import data.library.lib.fixtures
import data.library.pod_security.read_only_root

test_true_is_allowed if {
	count(read_only_root.deny) == 0 with input as fixtures.secure({"readOnlyRootFilesystem": true})
}

test_all_else_is_denied if {
	every context in [{}, {"readOnlyRootFilesystem": false}, {"readOnlyRootFilesystem": "true"}] {
		count(read_only_root.deny) == 1 with input as fixtures.secure(context)
	}
}
