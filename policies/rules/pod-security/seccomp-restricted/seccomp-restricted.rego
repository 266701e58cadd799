# METADATA
# title: Every container has a seccomp profile
# description: >-
#   The runtime's profile refuses what hardly a program needs of the kernel. Restricted profile of the Pod Security
#   Standards; pods on Windows are exempt.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
# custom:
#   id: pod-security/seccomp-restricted
#   severity: high
#   remedy: "Set securityContext.seccompProfile to {type: RuntimeDefault} on the pod or on each container."
package library.pod_security.seccomp_restricted

import data.library.lib.workloads

allowed := {"RuntimeDefault", "Localhost"}

deny contains {"msg": message, "path": workloads.at(container, ["securityContext", "seccompProfile"])} if {
	not workloads.on_windows
	some container in workloads.containers
	profile := workloads.effective(container, ["seccompProfile"])
	type := object.get(workloads.as_object(profile), "type", null)
	not type in allowed
	message := sprintf("%s has %s", [container.is, told(type)])
}

deny contains {"msg": message, "path": array.concat(workloads.pod_path, ["securityContext", "seccompProfile"])} if {
	not workloads.on_windows
	profile := object.get(workloads.pod, ["securityContext", "seccompProfile"], null)
	profile != null
	type := object.get(workloads.as_object(profile), "type", null)
	not type in allowed
	message := sprintf("the pod has %s", [told(type)])
}

told(null) := "no seccomp profile"

told(type) := sprintf("the seccomp profile %s", [json.marshal(type)]) if type != null
