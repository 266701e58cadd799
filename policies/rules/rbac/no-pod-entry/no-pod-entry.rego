# METADATA
# title: Roles do not enter pods
# description: >-
#   Who may exec into a pod, attach to it, add a container to it or forward its ports has what its account and its
#   Secrets give.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/rbac-good-practices/#privilege-escalation-risks
# custom:
#   id: rbac/no-pod-entry
#   severity: high
#   remedy: Remove the sub-resource; give people a role of their own for the time of an incident.
package library.rbac.no_pod_entry

import data.library.lib.rbac

entries := {"pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "pods/ephemeralcontainers"}

deny contains {"msg": message, "path": array.concat(entry.path, ["resources"])} if {
	some entry in rbac.rules_of(input)
	rbac.speaks_of(entry.rule, "apiGroups", {""})
	some resource in rbac.values(entry.rule, "resources")
	enters(resource)
	rbac.speaks_of(entry.rule, "verbs", {"get", "create", "update", "patch"})
	message := sprintf("%v %s", [sort(rbac.values(entry.rule, "verbs")), resource])
}

enters(resource) if resource in entries

enters("*")

enters(resource) if {
	startswith(resource, "*/")
	replace(resource, "*", "pods") in entries
}
