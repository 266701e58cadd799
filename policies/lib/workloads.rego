# METADATA
# title: Where pods and their containers stand
# description: Finds the pod of every kind that makes one, and its containers with the paths that lead to them.
package library.lib.workloads

import data.library.lib.parameters

# By kind, the path of the pod's template.
template_paths := {
	"Pod": [],
	"PodTemplate": ["template"],
	"ReplicationController": ["spec", "template"],
	"ReplicaSet": ["spec", "template"],
	"Deployment": ["spec", "template"],
	"StatefulSet": ["spec", "template"],
	"DaemonSet": ["spec", "template"],
	"Job": ["spec", "template"],
	"CronJob": ["spec", "jobTemplate", "spec", "template"],
	"Rollout": ["spec", "template"],
}

# Of custom resources, by `Kind.group`.
custom_paths := parameters.value("podTemplatePaths", {})

group_of(manifest) := split(manifest.apiVersion, "/")[0] if contains(manifest.apiVersion, "/")

template_path_of(manifest) := path if path := custom_paths[concat(".", [manifest.kind, group_of(manifest)])]

else := template_paths[manifest.kind]

pod_path_of(manifest) := array.concat(template_path_of(manifest), ["spec"])

as_object(value) := value if is_object(value)

else := {}

# The pod that an object makes; empty where it makes none.
pod_of(manifest) := as_object(object.get(manifest, path, {})) if path := pod_path_of(manifest)

else := {}

lists := [
	["initContainers", "init container"],
	["containers", "container"],
	["ephemeralContainers", "ephemeral container"],
]

name_of(container, index) := container.name if {
	is_string(container.name)
	container.name != ""
} else := sprintf("#%v", [index])

# Every container: what it is called, what it says, in which list, and the path that leads to it. A list that is written
# as a map is read as one, so that nobody hides in it.
containers_of(manifest) := [container |
	pod := pod_of(manifest)
	some [list, called] in lists
	some index, written in pod[list]
	spec := as_object(written)
	container := {
		"is": concat(" ", [called, name_of(spec, index)]),
		"list": list,
		"spec": spec,
		"path": array.concat(pod_path_of(manifest), [list, index]),
	}
]

# Of the object that is judged.
pod := pod_of(input)

pod_path := pod_path_of(input)

containers := containers_of(input)

# Those that run beside or before the others for good: ephemeral ones are attached by hand and can hold little.
lasting := [container | some container in containers; container.list != "ephemeralContainers"]

# Whether the pod runs on Windows, to which parts of the restricted profile cannot apply.
on_windows if object.get(pod, ["os", "name"], "") == "windows"

# Whether root in the pod is nobody on the node.
in_user_namespace if object.get(pod, "hostUsers", true) == false

# The path of a field of a container if it is written, else that of the container.
at(container, fields) := array.concat(container.path, fields) if {
	object.get(container.spec, fields, null) != null
} else := container.path

# Every place where the pod or a container writes a field of its security context.
written(fields) := array.concat(
	[place |
		value := object.get(pod, array.concat(["securityContext"], fields), null)
		value != null
		place := {"is": "the pod", "value": value, "path": array.concat(pod_path, array.concat(["securityContext"], fields))}
	],
	written_by_containers(fields),
)

written_by_containers(fields) := [place |
	some container in containers
	value := object.get(container.spec, array.concat(["securityContext"], fields), null)
	value != null
	place := {
		"is": container.is,
		"value": value,
		"path": array.concat(container.path, array.concat(["securityContext"], fields)),
	}
]

# What holds for a container: its own word, else the pod's, else null.
effective(container, fields) := value if {
	value := object.get(container.spec, array.concat(["securityContext"], fields), null)
	value != null
} else := object.get(pod, array.concat(["securityContext"], fields), null)
