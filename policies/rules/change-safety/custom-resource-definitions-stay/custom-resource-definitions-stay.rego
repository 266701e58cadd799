# METADATA
# title: No CustomResourceDefinition is deleted
# description: A CustomResourceDefinition goes with every resource of its kind, in all namespaces.
# related_resources:
# - ref: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#delete-a-customresourcedefinition
# schemas:
# - input: schema.changeset
# custom:
#   id: change-safety/custom-resource-definitions-stay
#   severity: critical
#   remedy: >-
#     Keep it; or annotate it with sluice.dev/allow-delete set to "true" in one revision, and delete it in a later
#     one.
package library.change_safety.custom_resource_definitions_stay

import data.library.lib.changeset

deny contains {"msg": message, "operation": operation.id} if {
	some operation in changeset.unwanted({["apiextensions.k8s.io", "CustomResourceDefinition"]})
	message := sprintf(
		"%s %s with every resource of its kind%s",
		[changeset.verb(operation), changeset.name(operation), changeset.doubt(operation)],
	)
}
