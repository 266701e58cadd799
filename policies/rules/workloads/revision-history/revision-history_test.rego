package library.workloads.revision_history_test

import data.library.lib.fixtures
import data.library.workloads.revision_history

test_some_are_allowed if {
	every spec in [{}, {"revisionHistoryLimit": 1}, {"revisionHistoryLimit": 10}] {
		count(revision_history.deny) == 0 with input as fixtures.deployment(spec)
	}
}

test_none_and_too_many_are_denied if {
	every limit in [0, 11, "5", -1] {
		count(revision_history.deny) == 1 with input as fixtures.deployment({"revisionHistoryLimit": limit})
	}
}
