package library.metadata.labels_required_test

import data.library.metadata.labels_required

service(labels) := {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "labels": labels}}

test_labels_are_allowed if {
	count(labels_required.deny) == 0 with input as service({"app.kubernetes.io/name": "web"})
	count(labels_required.deny) == 0 with input as {"kind": "ConfigMap", "metadata": {"name": "web"}}
}

test_none_is_denied if {
	every labels in [{}, {"app.kubernetes.io/name": ""}, {"app.kubernetes.io/name": 7}, {"app": "web"}] {
		count(labels_required.deny) == 1 with input as service(labels)
	}
	count(labels_required.deny) == 1 with input as {"kind": "Service"}
}

test_parameters_name_others if {
	count(labels_required.deny) == 2 with input as {"kind": "ConfigMap"}
		with data.parameters.requiredLabels as ["team", "cost-center"]
		with data.parameters.labelledKinds as ["ConfigMap"]
}
