package library.probes.readiness_required_test

import data.library.lib.fixtures
import data.library.probes.readiness_required

test_a_probe_is_allowed if {
	every action in readiness_required.actions {
		count(readiness_required.deny) == 0 with input as fixtures.container({"readinessProbe": {action: {}}})
	}
}

test_none_is_denied if {
	every fields in [{}, {"readinessProbe": {}}, {"readinessProbe": null}, {"livenessProbe": {"exec": {}}}] {
		count(readiness_required.deny) == 1 with input as fixtures.container(fields)
	}
}

test_what_ends_and_what_runs_before_needs_none if {
	count(readiness_required.deny) == 0 with input as fixtures.workload("Job", {"containers": [{"name": "app"}]})
	count(readiness_required.deny) == 0 with input as fixtures.pod({"initContainers": [{"name": "app"}]})
}
