package library.api_versions.removed_test

import data.library.api_versions.removed

object(version, kind) := {"apiVersion": version, "kind": kind, "metadata": {"name": "web"}}

test_what_is_served_is_allowed if {
	count(removed.deny) == 0 with input as object("apps/v1", "Deployment")
	count(removed.deny) == 0 with input as object("example.com/v1beta1", "Ingress")
	count(removed.deny) == 0 with input as object("networking.k8s.io/v1beta1", "ServiceCIDR")
}

test_what_is_gone_is_denied if {
	some violation in removed.deny with input as object("extensions/v1beta1", "Ingress")
	violation.msg == "extensions/v1beta1 Ingress is not served since Kubernetes 1.22; use networking.k8s.io/v1"
	count(removed.deny) == 1 with input as object("policy/v1beta1", "PodSecurityPolicy")
}

test_the_version_is_a_parameter if {
	every version in ["1.24", "v1.24.3", "1.24+"] {
		count(removed.deny) == 0 with input as object("batch/v1beta1", "CronJob") with data.parameters.kubernetesVersion as version
	}
	every version in ["1.25", "v1.36.1", "1.100"] {
		count(removed.deny) == 1 with input as object("batch/v1beta1", "CronJob") with data.parameters.kubernetesVersion as version
	}
}

test_a_version_that_is_none_is_denied if {
	every version in [1.3, "latest", "2.0", ""] {
		count(removed.deny) == 1 with input as object("apps/v1", "Deployment") with data.parameters.kubernetesVersion as version
	}
}
