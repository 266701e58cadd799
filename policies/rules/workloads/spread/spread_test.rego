package library.workloads.spread_test

import data.library.lib.fixtures
import data.library.workloads.spread

web(replicas, spec) := object.union(fixtures.pod(spec), {"spec": {"replicas": replicas}})

test_spread_replicas_are_allowed if {
	count(spread.deny) == 0 with input as web(3, {"topologySpreadConstraints": [{"topologyKey": "kubernetes.io/hostname"}]})
	affinity := {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{}]}}
	count(spread.deny) == 0 with input as web(3, {"affinity": affinity})
	count(spread.deny) == 0 with input as web(1, {})
}

test_others_are_denied if {
	count(spread.deny) == 1 with input as web(3, {})
	count(spread.deny) == 1 with input as fixtures.pod({})
	count(spread.deny) == 1 with input as web(3, {"topologySpreadConstraints": [], "affinity": {"nodeAffinity": {}}})
	count(spread.deny) == 0 with input as fixtures.workload("DaemonSet", {})
}
