package library.rbac.no_aggregation_test

import data.library.rbac.no_aggregation

role(labels) := {"kind": "ClusterRole", "metadata": {"name": "web", "labels": labels}}

test_other_labels_are_allowed if {
	count(no_aggregation.deny) == 0 with input as role({"app": "web"})
	count(no_aggregation.deny) == 0 with input as {"kind": "ClusterRole", "metadata": {"name": "web"}}
}

test_aggregation_is_denied if {
	count(no_aggregation.deny) == 1 with input as role({"rbac.authorization.k8s.io/aggregate-to-view": "true"})
	count(no_aggregation.deny) == 1 with input as {"kind": "ClusterRole", "aggregationRule": {"clusterRoleSelectors": [{}]}}
}
