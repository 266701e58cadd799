package policies.security_test

import data.policies.security

pod(context, container_context) := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {"name": "web"},
	"spec": {
		"securityContext": context,
		"containers": [{"name": "app", "image": "web", "securityContext": container_context}],
	},
}

test_the_pod_speaks_for_its_containers if {
	count(security.deny) == 0 with input as pod({"runAsNonRoot": true}, {})
}

test_the_container_has_the_last_word if {
	count(security.deny) == 1 with input as pod({"runAsNonRoot": true}, {"runAsNonRoot": false})
	count(security.deny) == 0 with input as pod({}, {"runAsNonRoot": true})
}

test_silence_is_denied if {
	count(security.deny) == 1 with input as pod({}, {})
}
