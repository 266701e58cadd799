package library.pod_security.volume_types_test

import data.library.lib.fixtures
import data.library.pod_security.volume_types

test_the_kinds_of_the_standard_are_allowed if {
	every kind in volume_types.allowed {
		count(volume_types.deny) == 0 with input as fixtures.pod({"volumes": [{"name": "data", kind: {}}]})
	}
	count(volume_types.deny) == 0 with input as fixtures.pod({"volumes": [{"name": "data"}]})
}

test_others_are_denied if {
	every kind in ["hostPath", "nfs", "gitRepo", "somethingNew"] {
		some violation in volume_types.deny with input as fixtures.pod({"volumes": [{"emptyDir": {}}, {"name": "data", kind: {}}]})
		violation.path == ["spec", "template", "spec", "volumes", 1]
	}
}
