# METADATA
# title: No role can make itself stronger
# description: >-
#   Who may bind, escalate or impersonate, make tokens of other accounts, approve certificates or speak to kubelets
#   has in the end every right that there is.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/rbac-good-practices/#privilege-escalation-risks
# custom:
#   id: rbac/no-escalation
#   severity: critical
#   remedy: Remove the verb or the resource; let a person or the platform's own controller do it.
package library.rbac.no_escalation

import data.library.lib.rbac

verbs := {"bind", "escalate", "impersonate"}

# [group, resource, verbs]: as good as the above.
risks := [
	["", "serviceaccounts/token", {"create"}],
	["", "nodes/proxy", {"get", "create", "update", "patch", "delete"}],
	["certificates.k8s.io", "certificatesigningrequests/approval", {"update", "patch"}],
	["certificates.k8s.io", "signers", {"approve", "sign"}],
	["admissionregistration.k8s.io", "mutatingwebhookconfigurations", {"create", "update", "patch"}],
	["admissionregistration.k8s.io", "validatingwebhookconfigurations", {"create", "update", "patch"}],
]

deny contains {"msg": message, "path": array.concat(entry.path, ["verbs"])} if {
	some entry in rbac.rules_of(input)
	some verb in (rbac.values(entry.rule, "verbs") & verbs)
	message := sprintf("%s %v", [verb, sort(rbac.values(entry.rule, "resources"))])
}

deny contains {"msg": message, "path": array.concat(entry.path, ["resources"])} if {
	some entry in rbac.rules_of(input)
	some [group, resource, risky] in risks
	rbac.speaks_of(entry.rule, "apiGroups", {group})
	some written in rbac.values(entry.rule, "resources")
	written in {resource, subresources(resource), "*"}
	rbac.speaks_of(entry.rule, "verbs", risky)
	message := sprintf("%v %s", [sort(rbac.values(entry.rule, "verbs")), resource])
}

subresources(resource) := concat("", ["*/", split(resource, "/")[1]]) if contains(resource, "/")

else := resource
