# METADATA
# title: No process gains more rights than it began with
# description: >-
#   Programs with the set-user-ID bit make root of anybody. Restricted profile of the Pod Security Standards; pods on
#   Windows are exempt.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
# custom:
#   id: pod-security/privilege-escalation
#   severity: high
#   remedy: Set securityContext.allowPrivilegeEscalation to false on each container.
package library.pod_security.privilege_escalation

import data.library.lib.workloads

field := ["securityContext", "allowPrivilegeEscalation"]

deny contains {"msg": message, "path": workloads.at(container, field)} if {
	not workloads.on_windows
	some container in workloads.containers
	value := object.get(container.spec, field, null)
	value != false
	message := sprintf("%s: securityContext.allowPrivilegeEscalation is %s, not false", [container.is, told(value)])
}

told(null) := "not set"

told(value) := json.marshal(value) if value != null
