# METADATA
# title: Images are pinned by digest
# description: A tag can be moved to other bytes after the review; a digest cannot.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/containers/images/#image-names
# custom:
#   id: image-digest-required
#   severity: high
#   remedy: Name the image with its digest, as in registry.example.com/shop/web:1.2.3@sha256:…
package policies.images

import data.workloads

deny contains {"msg": message, "path": path} if {
	some [container, place] in workloads.containers
	not regex.match(`@sha256:[0-9a-f]{64}$`, container.image)
	path := array.concat(place, ["image"])
	message := sprintf("container %s runs %s, which is not pinned by digest", [container.name, container.image])
}

warn contains {"msg": message, "path": path} if {
	some [container, place] in workloads.containers
	endswith(split(container.image, "@")[0], ":latest")
	path := array.concat(place, ["image"])
	message := sprintf("container %s runs the tag latest, which says nothing about what runs", [container.name])
}
