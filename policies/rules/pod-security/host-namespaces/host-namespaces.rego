# METADATA
# title: Pods stay in namespaces of their own
# description: >-
#   In the host's network, process or IPC namespace a pod sees and reaches what belongs to the node and to other pods.
#   Baseline profile of the Pod Security Standards.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
# custom:
#   id: pod-security/host-namespaces
#   severity: critical
#   remedy: Remove hostNetwork, hostPID and hostIPC; reach other pods through a Service.
package library.pod_security.host_namespaces

import data.library.lib.workloads

deny contains {"msg": message, "path": array.concat(workloads.pod_path, [field])} if {
	some field in ["hostNetwork", "hostPID", "hostIPC"]
	value := object.get(workloads.pod, field, null)
	not value in {false, null}
	message := sprintf("the pod sets %s to %s", [field, json.marshal(value)])
}
