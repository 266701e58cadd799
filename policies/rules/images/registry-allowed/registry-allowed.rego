# METADATA
# title: Images come from registries that are known
# description: Whoever may run any image runs anybody's program. Without the parameter no registry is allowed.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/containers/images/#image-names
# custom:
#   id: images/registry-allowed
#   severity: high
#   remedy: >-
#     Name an image of one of the registries in the message, or ask for the registry to be added to imageRegistries.
#   parameters:
#     imageRegistries: >-
#       Registries, each with the path that images have to lie under if there is one, as registry.example.com/shop
#       (array of texts; none, so that all images are denied).
package library.images.registry_allowed

import data.library.lib.images
import data.library.lib.parameters
import data.library.lib.workloads

deny contains message if some message in parameters.wrong({"imageRegistries": "array"})

allowed := [trim_suffix(registry, "/") | some registry in parameters.value("imageRegistries", []); registry != ""]

deny contains {"msg": message, "path": workloads.at(container, ["image"])} if {
	some container in workloads.containers
	image := object.get(container.spec, "image", "")
	not comes_from_allowed(image)
	message := sprintf("%s runs %s, which is not from %s", [container.is, json.marshal(image), told])
}

comes_from_allowed(image) if {
	parsed := images.parse(image)
	parsed.repository != ""
	full := concat("/", [parsed.registry, parsed.repository])
	some prefix in allowed
	startswith(full, concat("", [prefix, "/"]))
}

told := concat(" or ", allowed) if count(allowed) > 0

told := "any registry in data.parameters.imageRegistries, which has none" if count(allowed) == 0
