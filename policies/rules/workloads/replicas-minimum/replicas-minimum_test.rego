package library.workloads.replicas_minimum_test

import data.library.workloads.replicas_minimum

entries(objects) := [{"path": "app.yaml", "contents": contents} | some contents in objects]

web(spec) := {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}, "spec": spec}

autoscaler(spec) := {
	"kind": "HorizontalPodAutoscaler",
	"metadata": {"name": "web", "namespace": "shop"},
	"spec": object.union({"scaleTargetRef": {"kind": "Deployment", "name": "web"}}, spec),
}

test_enough_is_allowed if {
	count(replicas_minimum.deny) == 0 with input as entries([web({"replicas": 2})])
	count(replicas_minimum.deny) == 0 with input as entries([web({}), autoscaler({"minReplicas": 2})])
	count(replicas_minimum.deny) == 0 with input as entries([{"kind": "DaemonSet"}])
}

test_fewer_are_denied if {
	every spec in [{"replicas": 1}, {"replicas": 0}, {}, {"replicas": "2"}, {"replicas": null}] {
		some violation in replicas_minimum.deny with input as entries([web(spec)])
		violation.object.name == "web"
	}
}

test_the_autoscaler_decides if {
	some violation in replicas_minimum.deny with input as entries([web({"replicas": 5}), autoscaler({})])
	violation.object.kind == "HorizontalPodAutoscaler"
}

test_a_parameter_asks_for_more if {
	count(replicas_minimum.deny) == 1 with input as entries([web({"replicas": 2})]) with data.parameters.minimumReplicas as 3
	count(replicas_minimum.deny) > 0 with input as entries([web({"replicas": 2})]) with data.parameters.minimumReplicas as "1"
}
