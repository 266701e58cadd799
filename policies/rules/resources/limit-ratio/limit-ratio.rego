# METADATA
# title: Limits stay near requests
# description: A node full of pods whose limits are far above their requests runs out when they all use them.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/
# custom:
#   id: resources/limit-ratio
#   severity: low
#   remedy: Raise resources.requests, or lower resources.limits, until the ratio is in bounds.
#   parameters:
#     maximumLimitRatio: By resource, how many times its request a limit may be (object of numbers; cpu 10, memory 2).
package library.resources.limit_ratio

import data.library.lib.parameters
import data.library.lib.quantities
import data.library.lib.workloads

deny contains message if some message in parameters.wrong({"maximumLimitRatio": "object"})

deny contains message if {
	some message in parameters.wrong_field("maximumLimitRatio", {resource: "number" | some resource, _ in maximum})
}

maximum := parameters.value("maximumLimitRatio", {"cpu": 10, "memory": 2})

deny contains {"msg": message, "path": workloads.at(container, ["resources", "limits", resource])} if {
	some container in workloads.lasting
	some resource, ratio in maximum
	written := object.get(container.spec, ["resources", "limits", resource], null)
	written != null
	requested := object.get(container.spec, ["resources", "requests", resource], written)
	not is_near(written, requested, ratio)
	message := sprintf(
		"%s may use %v of %s and asks for %v: more than %v times as much",
		[container.is, written, resource, requested, ratio],
	)
}

is_near(limit, request, ratio) if quantities.billionths(limit) <= quantities.billionths(request) * ratio
