# METADATA
# title: Roles name what they allow
# description: A wildcard also allows what is installed tomorrow.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/rbac-good-practices/#least-privilege
# custom:
#   id: rbac/no-wildcards
#   severity: high
#   remedy: Write the API groups, resources and verbs that are needed.
package library.rbac.no_wildcards

import data.library.lib.rbac

deny contains {"msg": message, "path": array.concat(entry.path, [field])} if {
	some entry in rbac.rules_of(input)
	some field in ["apiGroups", "resources", "verbs", "nonResourceURLs"]
	some value in rbac.values(entry.rule, field)
	is_wild(field, value)
	message := sprintf("%s are %s", [field, json.marshal(value)])
}

is_wild(_, "*")

# Every sub-resource of something is not everything of it, but nobody can tell what it will be.
is_wild("resources", value) if contains(value, "*")

is_wild("nonResourceURLs", "/*")
