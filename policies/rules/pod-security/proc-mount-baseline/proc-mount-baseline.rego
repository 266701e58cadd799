# METADATA
# title: /proc stays masked, but in a user namespace
# description: >-
#   An unmasked /proc shows what belongs to the node. Baseline profile of the Pod Security Standards, which lets pods
#   in a user namespace of their own unmask it.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
# custom:
#   id: pod-security/proc-mount-baseline
#   severity: high
#   remedy: Remove securityContext.procMount, or set hostUsers to false.
package library.pod_security.proc_mount_baseline

import data.library.lib.workloads

deny contains {"msg": message, "path": place.path} if {
	not workloads.in_user_namespace
	some place in workloads.written_by_containers(["procMount"])
	place.value != "Default"
	message := sprintf("%s sets securityContext.procMount to %s", [place.is, json.marshal(place.value)])
}
