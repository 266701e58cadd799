package library.workloads.service_finds_pods_test

import data.library.lib.fixtures
import data.library.workloads.service_finds_pods

entries(objects) := [{"path": "app.yaml", "contents": contents} | some contents in objects]

service(selector) := {"kind": "Service", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"selector": selector}}

test_pods_behind_it_are_allowed if {
	count(service_finds_pods.warn) == 0 with input as entries([fixtures.pod({}), service({"app": "web"})])
	count(service_finds_pods.warn) == 0 with input as entries([service({})])
}

test_none_warns if {
	count(service_finds_pods.warn) == 1 with input as entries([fixtures.pod({}), service({"app": "wbe"})])
	count(service_finds_pods.warn) == 1 with input as entries([fixtures.pod({}), service({"app": "web", "tier": "front"})])
}
