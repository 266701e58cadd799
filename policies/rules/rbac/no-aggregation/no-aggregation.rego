# METADATA
# title: Roles do not grow others
# description: >-
#   A ClusterRole that is aggregated into admin, edit or view gives its rules to everybody who has one of these, in
#   every namespace.
# related_resources:
# - ref: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles
# custom:
#   id: rbac/no-aggregation
#   severity: high
#   remedy: Remove the aggregate-to label, and bind the role to those who need it.
package library.rbac.no_aggregation

prefix := "rbac.authorization.k8s.io/aggregate-to-"

deny contains {"msg": message, "path": ["metadata", "labels", key]} if {
	input.kind == "ClusterRole"
	some key, value in object.get(input, ["metadata", "labels"], {})
	startswith(key, prefix)
	value in {"true", true}
	message := sprintf("the rules are added to everybody's %s", [trim_prefix(key, prefix)])
}

deny contains {"msg": "the role takes in the rules of every other", "path": ["aggregationRule"]} if {
	input.kind == "ClusterRole"
	some selector in input.aggregationRule.clusterRoleSelectors
	object.get(selector, "matchLabels", {}) == {}
	object.get(selector, "matchExpressions", []) == []
}
