package library.rbac.no_wildcards_test

import data.library.rbac.no_wildcards

role(rule) := {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "web"}, "rules": [rule]}

test_names_are_allowed if {
	count(no_wildcards.deny) == 0 with input as role({"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]})
	count(no_wildcards.deny) == 0 with input as role({"nonResourceURLs": ["/healthz/*"], "verbs": ["get"]})
}

test_wildcards_are_denied if {
	count(no_wildcards.deny) == 3 with input as role({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]})
	count(no_wildcards.deny) == 1 with input as role({"apiGroups": [""], "resources": ["*/scale"], "verbs": ["get"]})
	count(no_wildcards.deny) == 1 with input as role({"nonResourceURLs": ["/*"], "verbs": ["get"]})
}

test_a_text_in_place_of_a_list_is_denied if {
	some violation in no_wildcards.deny with input as role({"apiGroups": [""], "resources": ["pods"], "verbs": "*"})
	violation.path == ["rules", 0, "verbs"]
}

test_other_kinds_are_left_alone if {
	count(no_wildcards.deny) == 0 with input as {"kind": "ConfigMap", "rules": [{"verbs": ["*"]}]}
}
