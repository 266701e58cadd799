# METADATA
# title: Containers do not run as root
# description: A process that breaks out of its container as root is root on the node.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/
# custom:
#   id: run-as-non-root
#   severity: high
#   remedy: Set securityContext.runAsNonRoot to true on the pod or on each container.
package policies.security

import data.workloads

deny contains {"msg": message, "path": place} if {
	some [container, place] in workloads.containers
	not runs_as_non_root(container)
	message := sprintf("container %s may run as root", [container.name])
}

# What the container says wins over what the pod says.
runs_as_non_root(container) if {
	object.get(container, ["securityContext", "runAsNonRoot"], workloads.pod_default("runAsNonRoot")) == true
}
