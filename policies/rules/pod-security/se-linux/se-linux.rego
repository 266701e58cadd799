# METADATA
# title: SELinux stays as it is
# description: >-
#   Another SELinux user, role or type takes a container out of its confinement. Baseline profile of the Pod Security
#   Standards.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
# custom:
#   id: pod-security/se-linux
#   severity: high
#   remedy: Remove seLinuxOptions.user and role; use one of the container types for seLinuxOptions.type, or none.
package library.pod_security.se_linux

import data.library.lib.workloads

types := {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}

deny contains {"msg": message, "path": place.path} if {
	some place in workloads.written(["seLinuxOptions", "type"])
	not place.value in types
	message := sprintf("%s sets seLinuxOptions.type to %s", [place.is, json.marshal(place.value)])
}

deny contains {"msg": message, "path": place.path} if {
	some field in ["user", "role"]
	some place in workloads.written(["seLinuxOptions", field])
	place.value != ""
	message := sprintf("%s sets seLinuxOptions.%s to %s", [place.is, field, json.marshal(place.value)])
}
