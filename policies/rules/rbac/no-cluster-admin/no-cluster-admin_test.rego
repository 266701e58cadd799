package library.rbac.no_cluster_admin_test

import data.library.rbac.no_cluster_admin

binding(kind, role) := {
	"apiVersion": "rbac.authorization.k8s.io/v1",
	"kind": kind,
	"metadata": {"name": "web"},
	"roleRef": {"kind": "ClusterRole", "name": role},
	"subjects": [{"kind": "ServiceAccount", "name": "web", "namespace": "shop"}],
}

test_other_roles_are_allowed if {
	count(no_cluster_admin.deny) == 0 with input as binding("ClusterRoleBinding", "view")
}

test_cluster_admin_is_denied if {
	every kind in ["RoleBinding", "ClusterRoleBinding"] {
		some violation in no_cluster_admin.deny with input as binding(kind, "cluster-admin")
		violation.msg == "ServiceAccount shop/web is bound to cluster-admin"
	}
}

test_without_subjects_it_is_denied_as_well if {
	count(no_cluster_admin.deny) == 1 with input as object.remove(binding("RoleBinding", "cluster-admin"), ["subjects"])
}

test_a_parameter_names_others if {
	count(no_cluster_admin.deny) == 1 with input as binding("RoleBinding", "admin") with data.parameters.forbiddenRoles as ["admin"]
}
