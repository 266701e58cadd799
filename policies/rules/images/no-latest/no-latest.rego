# METADATA
# title: Images have a tag that says which
# description: The tag latest, or none, says nothing about what runs, and a rollback to it is none.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/containers/images/#image-names
# custom:
#   id: images/no-latest
#   severity: medium
#   remedy: Name the version as the image's tag, and better its digest too.
package library.images.no_latest

import data.library.lib.images
import data.library.lib.workloads

deny contains {"msg": message, "path": workloads.at(container, ["image"])} if {
	some container in workloads.containers
	image := object.get(container.spec, "image", "")
	parsed := images.parse(image)
	is_vague(parsed)
	message := sprintf("%s runs %s, whose tag says nothing", [container.is, json.marshal(image)])
}

is_vague(parsed) if parsed.tag == "latest"

is_vague(parsed) if {
	parsed.tag == ""
	not images.is_digest(parsed.digest)
}

is_vague(parsed) if parsed.repository == ""
