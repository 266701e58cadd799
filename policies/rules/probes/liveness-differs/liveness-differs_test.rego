package library.probes.liveness_differs_test

import data.library.lib.fixtures
import data.library.probes.liveness_differs

probes(liveness, readiness) := fixtures.container({"livenessProbe": liveness, "readinessProbe": readiness})

test_another_question_is_allowed if {
	count(liveness_differs.deny) == 0 with input as probes({"httpGet": {"path": "/live"}}, {"httpGet": {"path": "/ready"}})
	count(liveness_differs.deny) == 0 with input as fixtures.container({"readinessProbe": {"exec": {}}})
}

test_more_patience_is_allowed if {
	count(liveness_differs.deny) == 0 with input as probes({"exec": {}, "failureThreshold": 6}, {"exec": {}})
	count(liveness_differs.deny) == 0 with input as probes({"exec": {}, "periodSeconds": 30}, {"exec": {}})
}

test_the_same_is_denied if {
	count(liveness_differs.deny) == 1 with input as probes({"exec": {}}, {"exec": {}})
	count(liveness_differs.deny) == 1 with input as probes({"exec": {}, "failureThreshold": "6"}, {"exec": {}})
}
