package library.pod_security.privileged_test

import data.library.lib.fixtures
import data.library.pod_security.privileged

test_false_null_and_silence_are_allowed if {
	every context in [{}, {"privileged": false}, {"privileged": null}] {
		count(privileged.deny) == 0 with input as fixtures.secure(context)
	}
}

test_every_list_of_every_kind_is_judged if {
	every kind in fixtures.kinds {
		every list in ["initContainers", "containers", "ephemeralContainers"] {
			spec := {list: [{"name": "app", "securityContext": {"privileged": true}}]}
			count(privileged.deny) == 1 with input as fixtures.workload(kind, spec)
		}
	}
}

test_a_text_and_a_number_are_denied if {
	every value in ["true", "false", 1, 0] {
		count(privileged.deny) == 1 with input as fixtures.secure({"privileged": value})
	}
}

test_a_container_without_a_name_in_a_map_is_denied if {
	some violation in privileged.deny with input as fixtures.pod({"containers": {"a": {"securityContext": {"privileged": true}}}})
	violation.path == ["spec", "template", "spec", "containers", "a", "securityContext", "privileged"]
}

test_kinds_of_others_are_judged_where_a_parameter_says_so if {
	object := {
		"apiVersion": "serving.example.com/v1",
		"kind": "Service",
		"spec": {"template": {"spec": {"containers": [{"securityContext": {"privileged": true}}]}}},
	}
	count(privileged.deny) == 0 with input as object
	count(privileged.deny) == 1 with input as object
		with data.parameters.podTemplatePaths as {"Service.serving.example.com": ["spec", "template"]}
}
