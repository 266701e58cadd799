# METADATA
# title: Containers say what they need
# description: Without requests nobody can plan, and the pod is the first to be evicted.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
# custom:
#   id: resources/requests-required
#   severity: medium
#   remedy: Set resources.requests for each resource that the message names, on the container or on the pod.
#   parameters:
#     requiredRequests: Resources that need a request (array of texts; cpu and memory).
package library.resources.requests_required

import data.library.lib.parameters
import data.library.lib.quantities
import data.library.lib.workloads

deny contains message if some message in parameters.wrong({"requiredRequests": "array"})

deny contains {"msg": message, "path": workloads.at(container, ["resources"])} if {
	some container in workloads.lasting
	some resource in parameters.value("requiredRequests", ["cpu", "memory"])
	not is_set(container.spec, resource)
	not is_set(workloads.pod, resource)
	message := sprintf("%s has no resources.requests.%v", [container.is, resource])
}

# A request that Kubernetes cannot read is none; a limit without a request is one.
is_set(holder, resource) if {
	some field in ["requests", "limits"]
	quantities.billionths(object.get(holder, ["resources", field, resource], null)) > 0
}
