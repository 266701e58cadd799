# METADATA
# title: Nobody is bound to cluster-admin
# description: cluster-admin may do everything, in a RoleBinding everything of the namespace.
# related_resources:
# - ref: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles
# custom:
#   id: rbac/no-cluster-admin
#   severity: critical
#   remedy: Bind a role that allows what is needed; edit or view are a beginning.
#   parameters:
#     forbiddenRoles: Roles that nobody may be bound to (array of texts; cluster-admin).
package library.rbac.no_cluster_admin

import data.library.lib.parameters
import data.library.lib.rbac

deny contains message if some message in parameters.wrong({"forbiddenRoles": "array"})

deny contains {"msg": message, "path": ["roleRef", "name"]} if {
	input.kind in rbac.bindings
	role := object.get(input, ["roleRef", "name"], null)
	role in parameters.value("forbiddenRoles", ["cluster-admin"])
	bound := concat(", ", sort([rbac.subject_name(entry.subject) | some entry in rbac.subjects_of(input)]))
	message := sprintf("%s is bound to %s", [bound, role])
}
