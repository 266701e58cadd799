# METADATA
# title: Images whose bytes can change are pulled anew
# description: >-
#   With IfNotPresent or Never, a tag runs what the node happened to pull, and whoever may not pull an image can still
#   run it. An image with a digest is always the same.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/containers/images/#image-pull-policy
# custom:
#   id: images/pull-policy
#   severity: low
#   remedy: Set imagePullPolicy to Always, or pin the image by digest.
package library.images.pull_policy

import data.library.lib.images
import data.library.lib.workloads

deny contains {"msg": message, "path": workloads.at(container, ["imagePullPolicy"])} if {
	some container in workloads.containers
	parsed := images.parse(object.get(container.spec, "image", ""))
	not images.is_digest(parsed.digest)
	policy := effective(container.spec, parsed)
	policy != "Always"
	message := sprintf("%s pulls %s", [container.is, json.marshal(policy)])
}

# What Kubernetes takes where nothing is said.
effective(spec, parsed) := spec.imagePullPolicy if spec.imagePullPolicy

else := "Always" if is_vague(parsed.tag)

else := "IfNotPresent"

is_vague("")

is_vague("latest")
