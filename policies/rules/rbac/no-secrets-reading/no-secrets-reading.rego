# METADATA
# title: Roles do not read all Secrets
# description: >-
#   Who may get, list or watch Secrets has the passwords and tokens that are in them. A list shows all of them,
#   whatever names the rule has.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/secrets-good-practices/#least-privilege-secrets
# custom:
#   id: rbac/no-secrets-reading
#   severity: high
#   remedy: Mount the Secret instead, or allow get on the one that is needed by resourceNames.
package library.rbac.no_secrets_reading

import data.library.lib.rbac

deny contains {"msg": message, "path": array.concat(entry.path, ["resources"])} if {
	some entry in rbac.rules_of(input)
	rbac.speaks_of(entry.rule, "apiGroups", {""})
	rbac.speaks_of(entry.rule, "resources", {"secrets"})
	some verb in (rbac.values(entry.rule, "verbs") & {"get", "list", "watch", "*"})
	not is_narrow(verb, entry.rule)
	message := sprintf("%s secrets", [verb])
}

is_narrow("get", rule) if count(rbac.values(rule, "resourceNames")) > 0
