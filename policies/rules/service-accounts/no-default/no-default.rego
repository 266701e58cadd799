# METADATA
# title: Pods run as an account of their own
# description: What is granted to the default account is granted to every pod of the namespace that names none.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/service-accounts/
# custom:
#   id: service-accounts/no-default
#   severity: medium
#   remedy: Make a ServiceAccount for the workload and name it in serviceAccountName.
package library.service_accounts.no_default

import data.library.lib.workloads

deny contains {"msg": "the pod runs as the default account", "path": workloads.pod_path} if {
	workloads.pod_path
	account in {"", "default", null}
}

account := object.get(workloads.pod, "serviceAccountName", object.get(workloads.pod, "serviceAccount", null))
