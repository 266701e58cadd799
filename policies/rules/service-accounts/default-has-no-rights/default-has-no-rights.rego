# METADATA
# title: Nothing is granted to the default account
# description: It would be granted to every pod of the namespace that names no account.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/rbac-good-practices/
# custom:
#   id: service-accounts/default-has-no-rights
#   severity: high
#   remedy: Bind the role to a ServiceAccount of the workload's own.
package library.service_accounts.default_has_no_rights

import data.library.lib.rbac

deny contains {"msg": message, "path": array.concat(entry.path, ["name"])} if {
	some entry in rbac.subjects_of(input)
	entry.subject.kind == "ServiceAccount"
	entry.subject.name == "default"
	message := sprintf("%s is bound to %v", [rbac.subject_name(entry.subject), object.get(input, ["roleRef", "name"], "a role")])
}

deny contains {"msg": message, "path": array.concat(entry.path, ["name"])} if {
	some entry in rbac.subjects_of(input)
	entry.subject.kind == "User"
	regex.match(`^system:serviceaccount:[^:]+:default$`, entry.subject.name)
	message := sprintf("%v is bound to %v", [entry.subject.name, object.get(input, ["roleRef", "name"], "a role")])
}
