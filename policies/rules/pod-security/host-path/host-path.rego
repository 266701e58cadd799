# METADATA
# title: No volume is a folder of the node
# description: >-
#   A hostPath volume reads and writes what belongs to the node. Baseline profile of the Pod Security Standards.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
# custom:
#   id: pod-security/host-path
#   severity: critical
#   remedy: Use a persistentVolumeClaim, an emptyDir or a projected volume instead of hostPath.
package library.pod_security.host_path

import data.library.lib.workloads

deny contains {"msg": message, "path": array.concat(workloads.pod_path, ["volumes", index, "hostPath"])} if {
	some index, volume in workloads.pod.volumes
	source := object.get(workloads.as_object(volume), "hostPath", null)
	source != null
	message := sprintf("volume %v is %v of the node", [object.get(volume, "name", index), object.get(workloads.as_object(source), "path", "a folder")])
}
