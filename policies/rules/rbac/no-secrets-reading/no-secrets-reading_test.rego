package library.rbac.no_secrets_reading_test

import data.library.rbac.no_secrets_reading

role(rule) := {"kind": "Role", "metadata": {"name": "web"}, "rules": [object.union({"apiGroups": [""]}, rule)]}

test_one_by_name_and_writing_are_allowed if {
	count(no_secrets_reading.deny) == 0 with input as role({"resources": ["secrets"], "resourceNames": ["web"], "verbs": ["get"]})
	count(no_secrets_reading.deny) == 0 with input as role({"resources": ["secrets"], "verbs": ["create"]})
	count(no_secrets_reading.deny) == 0 with input as role({"resources": ["configmaps"], "verbs": ["list"]})
}

test_all_of_them_are_denied if {
	count(no_secrets_reading.deny) == 3 with input as role({"resources": ["secrets"], "verbs": ["get", "list", "watch"]})
	count(no_secrets_reading.deny) == 1 with input as role({"resources": ["*"], "verbs": ["*"]})
	count(no_secrets_reading.deny) == 1 with input as role({"resources": ["secrets"], "resourceNames": ["web"], "verbs": ["list"]})
	count(no_secrets_reading.deny) == 1 with input as role({"resources": ["secrets"], "resourceNames": [], "verbs": ["get"]})
	count(no_secrets_reading.deny) == 1 with input as role({"apiGroups": ["*"], "resources": ["secrets"], "verbs": ["get"]})
}
