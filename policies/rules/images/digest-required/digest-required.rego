# METADATA
# title: Images are pinned by digest
# description: A tag can be moved to other bytes after the review; a digest cannot.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/containers/images/#image-names
# custom:
#   id: images/digest-required
#   severity: high
#   remedy: Write the image as <name>@sha256:<digest>; docker buildx imagetools inspect prints it.
package library.images.digest_required

import data.library.lib.images
import data.library.lib.workloads

deny contains {"msg": message, "path": workloads.at(container, ["image"])} if {
	some container in workloads.containers
	image := object.get(container.spec, "image", "")
	not images.is_digest(images.parse(image).digest)
	message := sprintf("%s runs %s, which is not pinned by digest", [container.is, json.marshal(image)])
}
