# METADATA
# title: No container asks for the user 0
# description: >-
#   User 0 is root, whatever the image says. Restricted profile of the Pod Security Standards; pods in a user
#   namespace of their own are exempt.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
# custom:
#   id: pod-security/run-as-user
#   severity: high
#   remedy: Set securityContext.runAsUser to the number of a user other than 0, or remove it.
package library.pod_security.run_as_user

import data.library.lib.workloads

deny contains {"msg": message, "path": place.path} if {
	not workloads.in_user_namespace
	some place in workloads.written(["runAsUser"])
	not is_other_user(place.value)
	message := sprintf("%s sets securityContext.runAsUser to %s", [place.is, json.marshal(place.value)])
}

is_other_user(value) if {
	is_number(value)
	value > 0
}
