package library.rbac.no_pod_entry_test

import data.library.rbac.no_pod_entry

role(resource, verb) := {"kind": "Role", "rules": [{"apiGroups": [""], "resources": [resource], "verbs": [verb]}]}

test_looking_is_allowed if {
	count(no_pod_entry.deny) == 0 with input as role("pods", "get")
	count(no_pod_entry.deny) == 0 with input as role("pods/log", "get")
}

test_entering_is_denied if {
	every resource in ["pods/exec", "pods/attach", "pods/portforward", "pods/ephemeralcontainers", "*/exec", "*"] {
		count(no_pod_entry.deny) == 1 with input as role(resource, "create")
	}
	count(no_pod_entry.deny) == 1 with input as role("pods/exec", "*")
}
