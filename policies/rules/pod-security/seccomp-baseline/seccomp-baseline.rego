# METADATA
# title: Seccomp is not turned off
# description: >-
#   Without seccomp a container may ask the kernel for anything. Baseline profile of the Pod Security Standards.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
# custom:
#   id: pod-security/seccomp-baseline
#   severity: high
#   remedy: Set seccompProfile.type to RuntimeDefault, or remove it.
package library.pod_security.seccomp_baseline

import data.library.lib.workloads

deny contains {"msg": message, "path": place.path} if {
	some place in workloads.written(["seccompProfile"])
	type := object.get(workloads.as_object(place.value), "type", null)
	not type in {"RuntimeDefault", "Localhost"}
	message := sprintf("%s sets seccompProfile.type to %s", [place.is, json.marshal(type)])
}
