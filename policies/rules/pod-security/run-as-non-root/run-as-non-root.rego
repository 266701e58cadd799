# METADATA
# title: No container runs as root
# description: >-
#   A process that breaks out of its container as root is root on the node. Restricted profile of the Pod Security
#   Standards; pods in a user namespace of their own are exempt.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
# custom:
#   id: pod-security/run-as-non-root
#   severity: high
#   remedy: Set securityContext.runAsNonRoot to true on the pod or on each container.
package library.pod_security.run_as_non_root

import data.library.lib.workloads

field := ["securityContext", "runAsNonRoot"]

deny contains {"msg": message, "path": workloads.at(container, field)} if {
	not workloads.in_user_namespace
	some container in workloads.containers
	workloads.effective(container, ["runAsNonRoot"]) != true
	message := sprintf("%s may run as root", [container.is])
}

deny contains {"msg": "the pod says that its containers may run as root", "path": array.concat(workloads.pod_path, field)} if {
	not workloads.in_user_namespace
	not object.get(workloads.pod, field, null) in {true, null}
}
