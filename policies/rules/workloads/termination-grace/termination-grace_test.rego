package library.workloads.termination_grace_test

import data.library.lib.fixtures
import data.library.workloads.termination_grace

test_some_time_is_allowed if {
	count(termination_grace.deny) == 0 with input as fixtures.pod({})
	count(termination_grace.deny) == 0 with input as fixtures.pod({"terminationGracePeriodSeconds": 60})
}

test_none_and_hours_are_denied if {
	every seconds in [0, 3600, "30"] {
		count(termination_grace.deny) == 1 with input as fixtures.pod({"terminationGracePeriodSeconds": seconds})
	}
}

test_parameters_move_the_bounds if {
	count(termination_grace.deny) == 0 with input as fixtures.pod({"terminationGracePeriodSeconds": 3600})
		with data.parameters.maximumTerminationGrace as 7200
}
