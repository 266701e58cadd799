# METADATA
# title: Rights go to somebody
# description: >-
#   What is bound to everybody, or to nobody in particular, is bound to an attacker. system:masters passes by every
#   check and cannot be revoked.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/rbac-good-practices/#least-privilege
# custom:
#   id: rbac/no-anonymous-subjects
#   severity: critical
#   remedy: Name a ServiceAccount, a user or a group of yours as the subject.
package library.rbac.no_anonymous_subjects

import data.library.lib.rbac

nobody := {
	"system:anonymous",
	"system:unauthenticated",
	"system:authenticated",
	"system:masters",
	"system:serviceaccounts",
}

deny contains {"msg": message, "path": array.concat(entry.path, ["name"])} if {
	some entry in rbac.subjects_of(input)
	not object.get(entry.subject, "kind", "") == "ServiceAccount"
	entry.subject.name in nobody
	message := sprintf("%s is bound to %v", [rbac.subject_name(entry.subject), object.get(input, ["roleRef", "name"], "a role")])
}

deny contains {"msg": message, "path": entry.path} if {
	some entry in rbac.subjects_of(input)
	name := object.get(entry.subject, "name", "")
	not is_text(name)
	message := sprintf("a subject has the name %s", [json.marshal(name)])
}

is_text(name) if {
	is_string(name)
	name != ""
}
