# METADATA
# title: Pods get no token that they do not use
# description: >-
#   Who gets into a pod finds there the token that is mounted by default, and speaks to the API server with it.
# related_resources:
# - ref: https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#opt-out-of-api-credential-automounting
# custom:
#   id: service-accounts/no-automount
#   severity: medium
#   remedy: >-
#     Set automountServiceAccountToken to false; what speaks to the API server mounts its token as a projected volume,
#     or is named in tokenUsers.
#   parameters:
#     tokenUsers: Names of the accounts whose pods get a token (array of texts; none).
package library.service_accounts.no_automount

import data.library.lib.parameters
import data.library.lib.workloads

deny contains message if some message in parameters.wrong({"tokenUsers": "array"})

deny contains {"msg": "the pod has the token of its account mounted", "path": workloads.pod_path} if {
	workloads.pod_path
	object.get(workloads.pod, "automountServiceAccountToken", true) != false
	not object.get(workloads.pod, "serviceAccountName", "default") in parameters.value("tokenUsers", [])
}

deny contains {"msg": "pods of this account have its token mounted", "path": ["automountServiceAccountToken"]} if {
	input.kind == "ServiceAccount"
	object.get(input, "automountServiceAccountToken", null) == true
	not object.get(input, ["metadata", "name"], "") in parameters.value("tokenUsers", [])
}
