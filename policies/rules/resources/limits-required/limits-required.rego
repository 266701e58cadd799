# METADATA
# title: Containers have a limit of memory
# description: >-
#   Without a memory limit one container can take its node down. A limit of CPU is left to you, since it slows down
#   what could use an idle node.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
# custom:
#   id: resources/limits-required
#   severity: medium
#   remedy: Set resources.limits for each resource that the message names, on the container or on the pod.
#   parameters:
#     requiredLimits: Resources that need a limit (array of texts; memory).
package library.resources.limits_required

import data.library.lib.parameters
import data.library.lib.quantities
import data.library.lib.workloads

deny contains message if some message in parameters.wrong({"requiredLimits": "array"})

deny contains {"msg": message, "path": workloads.at(container, ["resources"])} if {
	some container in workloads.lasting
	some resource in parameters.value("requiredLimits", ["memory"])
	not is_set(container.spec, resource)
	not is_set(workloads.pod, resource)
	message := sprintf("%s has no resources.limits.%v", [container.is, resource])
}

is_set(holder, resource) if quantities.billionths(object.get(holder, ["resources", "limits", resource], null)) > 0
