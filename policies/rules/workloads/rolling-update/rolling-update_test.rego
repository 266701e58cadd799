package library.workloads.rolling_update_test

import data.library.lib.fixtures
import data.library.workloads.rolling_update

test_rolling_is_allowed if {
	every spec in [{}, {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%"}}}, {"strategy": null}] {
		count(rolling_update.deny) == 0 with input as fixtures.deployment(spec)
	}
}

test_stopping_is_denied if {
	count(rolling_update.deny) == 1 with input as fixtures.deployment({"strategy": {"type": "Recreate"}})
	count(rolling_update.deny) == 1 with input as fixtures.deployment({"strategy": {"rollingUpdate": {"maxUnavailable": "100%"}}})
	count(rolling_update.deny) == 1 with input as fixtures.deployment({
		"replicas": 3,
		"strategy": {"rollingUpdate": {"maxUnavailable": 3}},
	})
	count(rolling_update.deny) == 1 with input as {"kind": "StatefulSet", "spec": {"updateStrategy": {"type": "OnDelete"}}}
}
