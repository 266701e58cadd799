# METADATA
# title: Volumes are of the kinds that a pod can be trusted with
# description: >-
#   Other volume sources mount storage past the cluster's own control of it. Restricted profile of the Pod Security
#   Standards.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
# custom:
#   id: pod-security/volume-types
#   severity: high
#   remedy: Use configMap, csi, downwardAPI, emptyDir, ephemeral, image, persistentVolumeClaim, projected or secret.
package library.pod_security.volume_types

import data.library.lib.workloads

allowed := {
	"configMap",
	"csi",
	"downwardAPI",
	"emptyDir",
	"ephemeral",
	"image",
	"persistentVolumeClaim",
	"projected",
	"secret",
}

deny contains {"msg": message, "path": array.concat(workloads.pod_path, ["volumes", index])} if {
	some index, volume in workloads.pod.volumes
	sources := object.keys(object.remove(workloads.as_object(volume), ["name"]))
	some source in (sources - allowed)
	message := sprintf("volume %v is of the kind %v", [object.get(volume, "name", index), source])
}
