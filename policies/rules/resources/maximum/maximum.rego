# METADATA
# title: No container asks for a whole node
# description: What is larger than any node never starts, and what is nearly as large keeps others away.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
# custom:
#   id: resources/maximum
#   severity: medium
#   remedy: Lower resources.requests and resources.limits to what the message allows, or split the work over replicas.
#   parameters:
#     maximumResources: >-
#       By resource, the most that a container may ask for or use (object of quantities; cpu 8, memory 32Gi).
package library.resources.maximum

import data.library.lib.parameters
import data.library.lib.quantities
import data.library.lib.workloads

deny contains message if some message in parameters.wrong({"maximumResources": "object"})

deny contains {"msg": message, "path": workloads.at(container, ["resources", field, resource])} if {
	some container in workloads.lasting
	some resource, most in parameters.value("maximumResources", {"cpu": "8", "memory": "32Gi"})
	some field in ["requests", "limits"]
	written := object.get(container.spec, ["resources", field, resource], null)
	written != null
	not is_within(written, most)
	message := sprintf("%s: resources.%s.%s is %v, more than %v", [container.is, field, resource, written, most])
}

is_within(written, most) if quantities.billionths(written) <= quantities.billionths(most)
