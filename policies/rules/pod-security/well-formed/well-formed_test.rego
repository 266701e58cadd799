package library.pod_security.well_formed_test

import data.library.lib.fixtures
import data.library.pod_security.well_formed

test_what_is_written_as_it_should_is_allowed if {
	every kind in fixtures.kinds {
		count(well_formed.deny) == 0 with input as fixtures.workload(kind, {"containers": [{"name": "app", "securityContext": {}}]})
	}
	count(well_formed.deny) == 0 with input as {"kind": "ConfigMap", "data": {}}
}

test_a_map_of_containers_is_denied if {
	some violation in well_formed.deny with input as fixtures.pod({"containers": {"app": {"name": "app"}}})
	violation.path == ["spec", "template", "spec", "containers"]
}

test_a_container_that_is_a_text_is_denied if {
	count(well_formed.deny) == 1 with input as fixtures.pod({"containers": ["app"]})
}

test_a_context_that_is_a_text_is_denied if {
	count(well_formed.deny) == 1 with input as fixtures.container({"securityContext": "privileged"})
}

test_a_flag_that_is_a_text_is_denied if {
	count(well_formed.deny) == 1 with input as fixtures.secure({"privileged": "true"})
	count(well_formed.deny) == 1 with input as fixtures.pod({"hostNetwork": "true", "containers": []})
}

test_a_kind_without_its_pod_is_denied if {
	count(well_formed.deny) == 1 with input as {"apiVersion": "apps/v1", "kind": "Deployment", "spec": "none"}
	count(well_formed.deny) == 1 with input as {"apiVersion": "v1", "kind": "Pod"}
}

test_a_pod_without_containers_is_denied if {
	count(well_formed.deny) == 1 with input as fixtures.pod({})
}
