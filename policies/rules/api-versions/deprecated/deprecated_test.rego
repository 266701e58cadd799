package library.api_versions.deprecated_test

import data.library.api_versions.deprecated

object(version, kind) := {"apiVersion": version, "kind": kind, "metadata": {"name": "web"}}

test_what_has_a_future_is_allowed if {
	count(deprecated.warn) == 0 with input as object("apps/v1", "Deployment")
}

test_what_goes_warns if {
	count(deprecated.warn) == 1 with input as object("networking.k8s.io/v1beta1", "ServiceCIDR")
	count(deprecated.warn) == 1 with input as object("v1", "Endpoints")
	count(deprecated.warn) == 1 with input as object("batch/v1beta1", "CronJob") with data.parameters.kubernetesVersion as "1.24"
}

test_what_is_gone_is_another_rules if {
	count(deprecated.warn) == 0 with input as object("batch/v1beta1", "CronJob")
}
