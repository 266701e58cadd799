# METADATA
# title: No Windows container is a process of the host
# description: >-
#   A HostProcess container has the rights of the node it runs on. Baseline profile of the Pod Security Standards.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
# custom:
#   id: pod-security/host-process
#   severity: critical
#   remedy: Remove securityContext.windowsOptions.hostProcess from the pod and its containers.
package library.pod_security.host_process

import data.library.lib.workloads

deny contains {"msg": message, "path": place.path} if {
	some place in workloads.written(["windowsOptions", "hostProcess"])
	place.value != false
	message := sprintf("%s sets windowsOptions.hostProcess to %s", [place.is, json.marshal(place.value)])
}
