# METADATA
# title: An image keeps its registry
# description: The same name from another registry is another program, perhaps of somebody else.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/containers/images/#image-names
# schemas:
# - input: schema.changeset
# custom:
#   id: change-safety/registry-change
#   severity: high
#   remedy: >-
#     Take the image from the registry that it came from; a move needs a waiver, which names this policy and ends.
#   parameters:
#     trustedRegistries: Registries that images may move to, as registry.example.com (array of texts; none).
package library.change_safety.registry_change

import data.library.lib.changeset
import data.library.lib.images
import data.library.lib.parameters
import data.library.lib.workloads

deny contains message if some message in parameters.wrong({"trustedRegistries": "array"})

deny contains {"msg": message, "operation": operation.id, "path": array.concat(container.path, ["image"])} if {
	some operation in changeset.changes
	known := registries(changeset.old_of(operation))
	some container in workloads.containers_of(changeset.object_of(operation))
	registry := images.parse(object.get(container.spec, "image", "")).registry
	not registry in known
	not registry in parameters.value("trustedRegistries", [])
	message := sprintf(
		"%s of %s comes from %s, and was from %s",
		[container.is, changeset.name(operation), json.marshal(registry), json.marshal(sort(known))],
	)
}

registries(manifest) := {registry |
	some container in workloads.containers_of(manifest)
	registry := images.parse(object.get(container.spec, "image", "")).registry
}
