package library.service_accounts.default_has_no_rights_test

import data.library.service_accounts.default_has_no_rights

binding(subject) := {"kind": "RoleBinding", "roleRef": {"name": "view"}, "subjects": [subject]}

test_own_accounts_are_allowed if {
	count(default_has_no_rights.deny) == 0 with input as binding({"kind": "ServiceAccount", "name": "web", "namespace": "shop"})
	count(default_has_no_rights.deny) == 0 with input as binding({"kind": "User", "name": "default"})
}

test_the_default_is_denied if {
	count(default_has_no_rights.deny) == 1 with input as binding({"kind": "ServiceAccount", "name": "default", "namespace": "shop"})
	count(default_has_no_rights.deny) == 1 with input as binding({"kind": "User", "name": "system:serviceaccount:shop:default"})
}
