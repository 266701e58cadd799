# METADATA
# title: A CustomResourceDefinition serves what it served
# description: Resources and clients of a version that is served no more cannot be read or written.
# related_resources:
# - ref: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/
# schemas:
# - input: schema.changeset
# custom:
#   id: change-safety/crd-versions-stay
#   severity: high
#   remedy: Keep the version in spec.versions with served true until nobody uses it; then ask for a waiver.
package library.change_safety.crd_versions_stay

import data.library.lib.changeset

deny contains {"msg": message, "operation": operation.id, "path": ["spec", "versions"]} if {
	some operation in changeset.changes
	changeset.is_kind(operation, "apiextensions.k8s.io", "CustomResourceDefinition")
	some version in (served(changeset.old_of(operation)) - served(changeset.object_of(operation)))
	message := sprintf("%s no longer serves %s", [changeset.name(operation), version])
}

served(manifest) := {version.name |
	some version in object.get(manifest, ["spec", "versions"], [])
	version.served == true
}

deny contains {"msg": message, "operation": operation.id} if {
	some operation in changeset.changes
	changeset.is_kind(operation, "apiextensions.k8s.io", "CustomResourceDefinition")
	changeset.old_of(operation) == {}
	message := sprintf("what %s serves now is not known", [changeset.name(operation)])
}
