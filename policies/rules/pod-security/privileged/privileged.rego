# METADATA
# title: No container is privileged
# description: A privileged container is root on its node. Baseline profile of the Pod Security Standards.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
# custom:
#   id: pod-security/privileged
#   severity: critical
#   remedy: Remove securityContext.privileged, and add the one capability that is needed if the profile allows it.
package library.pod_security.privileged

import data.library.lib.workloads

deny contains {"msg": message, "path": place.path} if {
	some place in workloads.written_by_containers(["privileged"])
	place.value != false
	message := sprintf("%s sets securityContext.privileged to %s", [place.is, json.marshal(place.value)])
}
