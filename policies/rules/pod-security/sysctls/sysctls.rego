# METADATA
# title: Only safe kernel parameters are set
# description: >-
#   Other sysctls change the kernel for all pods of the node. Baseline profile of the Pod Security Standards.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
# custom:
#   id: pod-security/sysctls
#   severity: high
#   remedy: Remove the sysctl, or have the node's administrators set it.
#   parameters:
#     allowedSysctls: Names of sysctls that may be set besides the safe ones (array; none).
package library.pod_security.sysctls

import data.library.lib.parameters
import data.library.lib.workloads

safe := {
	"kernel.shm_rmid_forced",
	"net.ipv4.ip_local_port_range",
	"net.ipv4.ip_unprivileged_port_start",
	"net.ipv4.tcp_syncookies",
	"net.ipv4.ping_group_range",
	"net.ipv4.ip_local_reserved_ports",
	"net.ipv4.tcp_keepalive_time",
	"net.ipv4.tcp_fin_timeout",
	"net.ipv4.tcp_keepalive_intvl",
	"net.ipv4.tcp_keepalive_probes",
	"net.ipv4.tcp_rmem",
	"net.ipv4.tcp_wmem",
}

deny contains message if some message in parameters.wrong({"allowedSysctls": "array"})

deny contains {"msg": message, "path": path} if {
	some index, sysctl in workloads.pod.securityContext.sysctls
	name := object.get(workloads.as_object(sysctl), "name", null)
	not name in safe
	not name in parameters.value("allowedSysctls", [])
	path := array.concat(workloads.pod_path, ["securityContext", "sysctls", index])
	message := sprintf("the pod sets the sysctl %v", [name])
}
