package library.pod_security.host_path_test

import data.library.lib.fixtures
import data.library.pod_security.host_path

test_other_volumes_are_allowed if {
	count(host_path.deny) == 0 with input as fixtures.pod({"volumes": [{"name": "tmp", "emptyDir": {}}], "containers": []})
}

test_a_host_path_is_denied if {
	every source in [{"path": "/etc"}, {}] {
		some violation in host_path.deny with input as fixtures.pod({"volumes": [{"emptyDir": {}}, {"hostPath": source}]})
		violation.path == ["spec", "template", "spec", "volumes", 1, "hostPath"]
	}
}

test_a_text_is_denied if {
	count(host_path.deny) == 1 with input as fixtures.pod({"volumes": [{"name": "etc", "hostPath": "/etc"}]})
}
