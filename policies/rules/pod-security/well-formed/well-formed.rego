# METADATA
# title: A pod has the shape that the other rules read
# description: >-
#   A list written as a map or a context written as a text is refused by the API server, but only there; here it must
#   not look like a pod that says nothing.
# related_resources:
# - ref: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
# custom:
#   id: pod-security/well-formed
#   severity: high
#   remedy: Write the field with the type that the message names; kubectl explain shows it.
package library.pod_security.well_formed

import data.library.lib.values
import data.library.lib.workloads

lists := ["initContainers", "containers", "ephemeralContainers", "volumes"]

pod_types := {"securityContext": "object", "hostNetwork": "boolean", "hostPID": "boolean", "hostIPC": "boolean"}

container_types := {"securityContext": "object", "ports": "array", "env": "array", "resources": "object"}

context_types := {
	"privileged": "boolean",
	"allowPrivilegeEscalation": "boolean",
	"runAsNonRoot": "boolean",
	"runAsUser": "number",
	"capabilities": "object",
	"seccompProfile": "object",
	"appArmorProfile": "object",
	"seLinuxOptions": "object",
	"windowsOptions": "object",
	"sysctls": "array",
}

deny contains {"msg": "there is no pod where this kind has one", "path": workloads.pod_path} if {
	not is_object(object.get(input, workloads.pod_path, null))
}

deny contains {"msg": "the pod has no containers", "path": workloads.pod_path} if {
	is_object(object.get(input, workloads.pod_path, null))
	object.get(workloads.pod, "containers", null) == null
}

deny contains {"msg": message, "path": array.concat(workloads.pod_path, [list])} if {
	some list in lists
	written := object.get(workloads.pod, list, null)
	written != null
	not is_array(written)
	message := sprintf("%s is %s, which is no list", [list, values.shown(written)])
}

deny contains {"msg": message, "path": array.concat(workloads.pod_path, [list, index])} if {
	some list in lists
	some index, entry in workloads.pod[list]
	not is_object(entry)
	message := sprintf("%s has the entry %s, which is no object", [list, values.shown(entry)])
}

deny contains {"msg": message, "path": array.concat(workloads.pod_path, [field])} if {
	some field, type in pod_types
	is_other(workloads.pod, field, type)
	message := sprintf("%s is %s, which is no %s", [field, values.shown(workloads.pod[field]), type])
}

deny contains {"msg": message, "path": array.concat(container.path, [field])} if {
	some container in workloads.containers
	some field, type in container_types
	is_other(container.spec, field, type)
	message := sprintf("%s: %s is %s, which is no %s", [container.is, field, values.shown(container.spec[field]), type])
}

deny contains {"msg": message, "path": place.path} if {
	some field, type in context_types
	some place in workloads.written([field])
	type_name(place.value) != type
	message := sprintf("%s: securityContext.%s is %s, which is no %s", [place.is, field, values.shown(place.value), type])
}

is_other(holder, field, type) if {
	value := object.get(holder, field, null)
	value != null
	type_name(value) != type
}
