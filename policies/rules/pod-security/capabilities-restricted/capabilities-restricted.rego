# METADATA
# title: Containers drop all capabilities
# description: >-
#   A container needs none of them, but for binding a port below 1024. Restricted profile of the Pod Security
#   Standards; pods on Windows are exempt.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
# custom:
#   id: pod-security/capabilities-restricted
#   severity: high
#   remedy: "Set securityContext.capabilities to {drop: [ALL]}; only NET_BIND_SERVICE may be added."
package library.pod_security.capabilities_restricted

import data.library.lib.workloads

path := ["securityContext", "capabilities"]

deny contains {"msg": message, "path": workloads.at(container, path)} if {
	not workloads.on_windows
	some container in workloads.containers
	not drops_all(container)
	message := sprintf("%s does not drop ALL capabilities", [container.is])
}

deny contains {"msg": message, "path": place.path} if {
	not workloads.on_windows
	some place in workloads.written_by_containers(["capabilities", "add"])
	not only_binds(place.value)
	message := sprintf("%s adds the capabilities %s", [place.is, json.marshal(place.value)])
}

drops_all(container) if {
	drop := object.get(container.spec, array.concat(path, ["drop"]), [])
	is_array(drop)
	"ALL" in drop
}

only_binds(add) if {
	is_array(add)
	every capability in add {
		capability == "NET_BIND_SERVICE"
	}
}
