# METADATA
# title: Containers say what they need
# description: Without a memory limit one container can take its node down; without requests nobody can plan.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
# custom:
#   id: resources-required
#   severity: medium
#   remedy: Set resources.requests for cpu and memory, and resources.limits.memory.
package policies.resources

import data.workloads

required := {["requests", "cpu"], ["requests", "memory"], ["limits", "memory"]}

deny contains {"msg": message, "path": place} if {
	some [container, place] in workloads.containers
	some field in required
	object.get(container, array.concat(["resources"], field), "") == ""
	message := sprintf("container %s has no resources.%s", [container.name, concat(".", field)])
}
