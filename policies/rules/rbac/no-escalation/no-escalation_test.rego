package library.rbac.no_escalation_test

import data.library.rbac.no_escalation

role(group, resource, verb) := {
	"apiVersion": "rbac.authorization.k8s.io/v1",
	"kind": "ClusterRole",
	"metadata": {"name": "web"},
	"rules": [{"apiGroups": [group], "resources": [resource], "verbs": [verb]}],
}

test_reading_is_allowed if {
	count(no_escalation.deny) == 0 with input as role("", "pods", "get")
	count(no_escalation.deny) == 0 with input as role("", "serviceaccounts", "create")
	count(no_escalation.deny) == 0 with input as role("admissionregistration.k8s.io", "validatingwebhookconfigurations", "get")
}

test_the_three_verbs_are_denied if {
	every verb in ["bind", "escalate", "impersonate"] {
		some violation in no_escalation.deny with input as role("rbac.authorization.k8s.io", "clusterroles", verb)
		violation.path == ["rules", 0, "verbs"]
	}
}

test_what_is_as_good_is_denied if {
	every case in [
		["", "serviceaccounts/token", "create"],
		["", "*/token", "create"],
		["", "nodes/proxy", "get"],
		["*", "nodes/proxy", "*"],
		["certificates.k8s.io", "certificatesigningrequests/approval", "patch"],
		["admissionregistration.k8s.io", "mutatingwebhookconfigurations", "create"],
	] {
		count(no_escalation.deny) == 1 with input as role(case[0], case[1], case[2])
	}
}
