# METADATA
# title: /proc stays masked
# description: An unmasked /proc shows what belongs to the node. Restricted profile of the Pod Security Standards.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
# custom:
#   id: pod-security/proc-mount-restricted
#   severity: high
#   remedy: Remove securityContext.procMount.
package library.pod_security.proc_mount_restricted

import data.library.lib.workloads

deny contains {"msg": message, "path": place.path} if {
	some place in workloads.written_by_containers(["procMount"])
	place.value != "Default"
	message := sprintf("%s sets securityContext.procMount to %s", [place.is, json.marshal(place.value)])
}
