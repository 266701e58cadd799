package library.pod_security.run_as_non_root_test

import data.library.lib.fixtures
import data.library.pod_security.run_as_non_root

test_the_pod_speaks_for_its_containers if {
	spec := {"securityContext": {"runAsNonRoot": true}, "containers": [{"name": "app"}]}
	count(run_as_non_root.deny) == 0 with input as fixtures.pod(spec)
}

test_the_container_has_the_last_word if {
	count(run_as_non_root.deny) == 0 with input as fixtures.secure({"runAsNonRoot": true})
	some violation in run_as_non_root.deny with input as fixtures.pod({
		"securityContext": {"runAsNonRoot": true},
		"containers": [{"name": "app", "securityContext": {"runAsNonRoot": false}}],
	})
	violation.path == ["spec", "template", "spec", "containers", 0, "securityContext", "runAsNonRoot"]
}

test_silence_and_other_values_are_denied if {
	every context in [{}, {"runAsNonRoot": null}, {"runAsNonRoot": "true"}, {"runAsNonRoot": 1}] {
		count(run_as_non_root.deny) == 1 with input as fixtures.secure(context)
	}
}

test_the_pod_may_not_say_otherwise if {
	count(run_as_non_root.deny) == 1 with input as fixtures.pod({
		"securityContext": {"runAsNonRoot": false},
		"containers": [{"name": "app", "securityContext": {"runAsNonRoot": true}}],
	})
}

test_a_user_namespace_is_exempt if {
	count(run_as_non_root.deny) == 0 with input as fixtures.pod({"hostUsers": false, "containers": [{"name": "app"}]})
}
