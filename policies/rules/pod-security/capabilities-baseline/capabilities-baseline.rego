# METADATA
# title: Containers add no dangerous capability
# description: >-
#   Capabilities beyond the default set of container runtimes reach into the node or its network. Baseline profile of
#   the Pod Security Standards.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
# custom:
#   id: pod-security/capabilities-baseline
#   severity: high
#   remedy: Remove the capability from securityContext.capabilities.add.
package library.pod_security.capabilities_baseline

import data.library.lib.workloads

allowed := {
	"AUDIT_WRITE",
	"CHOWN",
	"DAC_OVERRIDE",
	"FOWNER",
	"FSETID",
	"KILL",
	"MKNOD",
	"NET_BIND_SERVICE",
	"SETFCAP",
	"SETGID",
	"SETPCAP",
	"SETUID",
	"SYS_CHROOT",
}

deny contains {"msg": message, "path": array.concat(place.path, [index])} if {
	some place in workloads.written_by_containers(["capabilities", "add"])
	some index, capability in place.value
	not capability in allowed
	message := sprintf("%s adds the capability %v", [place.is, capability])
}

deny contains {"msg": message, "path": place.path} if {
	some place in workloads.written_by_containers(["capabilities", "add"])
	not is_array(place.value)
	message := sprintf("%s: capabilities.add is %s, which is no list", [place.is, json.marshal(place.value)])
}
