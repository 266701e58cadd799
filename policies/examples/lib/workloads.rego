# METADATA
# description: Where the containers of the workload kinds stand.
package workloads

# By kind, the path of the pod's specification.
pod_paths := {
	"Pod": ["spec"],
	"Deployment": ["spec", "template", "spec"],
	"StatefulSet": ["spec", "template", "spec"],
	"DaemonSet": ["spec", "template", "spec"],
	"ReplicaSet": ["spec", "template", "spec"],
	"Job": ["spec", "template", "spec"],
	"CronJob": ["spec", "jobTemplate", "spec", "template", "spec"],
}

pod_path := pod_paths[input.kind]

pod := object.get(input, pod_path, {})

# Each container with the path that leads to it.
containers contains [container, path] if {
	some list in ["initContainers", "containers"]
	some index, container in pod[list]
	path := array.concat(pod_path, [list, index])
}

# A field of the pod's security context; false if it is not set.
pod_default(field) := object.get(pod, ["securityContext", field], false)
