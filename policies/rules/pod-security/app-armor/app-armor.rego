# METADATA
# title: AppArmor stays on
# description: >-
#   Without its AppArmor profile a container meets fewer limits on the node. Baseline profile of the Pod Security
#   Standards.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
# custom:
#   id: pod-security/app-armor
#   severity: high
#   remedy: >-
#     Set appArmorProfile.type to RuntimeDefault or Localhost, or remove it; remove annotations that say unconfined.
package library.pod_security.app_armor

import data.library.lib.workloads

prefix := "container.apparmor.security.beta.kubernetes.io/"

deny contains {"msg": message, "path": place.path} if {
	some place in workloads.written(["appArmorProfile"])
	type := object.get(workloads.as_object(place.value), "type", null)
	not type in {"RuntimeDefault", "Localhost"}
	message := sprintf("%s sets appArmorProfile.type to %s", [place.is, json.marshal(type)])
}

deny contains {"msg": message, "path": array.concat(path, [key])} if {
	path := array.concat(workloads.template_path_of(input), ["metadata", "annotations"])
	some key, value in object.get(input, path, {})
	startswith(key, prefix)
	not is_allowed(value)
	message := sprintf("annotation %s is %s", [key, json.marshal(value)])
}

is_allowed("")

is_allowed("runtime/default")

is_allowed(value) if startswith(value, "localhost/")
