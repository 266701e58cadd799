# METADATA
# title: Production images are pinned by digest
# description: A tag can be moved to other bytes after the review; a digest cannot.
# custom:
#   id: image-digest-required
#   severity: high
#   remedy: "write the image as <name>@sha256:<digest>; `docker buildx imagetools inspect` prints it"
package production.images

deny contains {"msg": message, "path": path} if {
	in_production
	some index, container in input.spec.template.spec.containers
	not contains(container.image, "@sha256:")
	message := sprintf("image %q of container %q is not pinned by digest", [container.image, container.name])
	path := sprintf("/spec/template/spec/containers/%d/image", [index])
}

in_production if endswith(input.metadata.namespace, "-prod")
