package library.rbac.no_anonymous_subjects_test

import data.library.rbac.no_anonymous_subjects

binding(subject) := {"kind": "ClusterRoleBinding", "roleRef": {"name": "view"}, "subjects": [subject]}

test_somebody_is_allowed if {
	count(no_anonymous_subjects.deny) == 0 with input as binding({"kind": "User", "name": "dana@example.com"})
	count(no_anonymous_subjects.deny) == 0 with input as binding({"kind": "ServiceAccount", "name": "web", "namespace": "shop"})
}

test_anybody_is_denied if {
	every name in no_anonymous_subjects.nobody {
		count(no_anonymous_subjects.deny) == 1 with input as binding({"kind": "Group", "name": name})
	}
	count(no_anonymous_subjects.deny) == 1 with input as binding({"name": "system:masters"})
	count(no_anonymous_subjects.deny) == 1 with input as binding({"kind": "User"})
}
