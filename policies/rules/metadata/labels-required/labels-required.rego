# METADATA
# title: Objects say what they belong to
# description: Without labels nobody finds whom to ask, and costs and alerts belong to nobody.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
# custom:
#   id: metadata/labels-required
#   severity: low
#   remedy: Add the label to metadata.labels.
#   parameters:
#     requiredLabels: Labels that have to be there and not empty (array of texts; app.kubernetes.io/name).
#     labelledKinds: Kinds that need them (array of texts; the workloads, Service and Ingress).
package library.metadata.labels_required

import data.library.lib.parameters
import data.library.lib.values

deny contains message if some message in parameters.wrong({"requiredLabels": "array", "labelledKinds": "array"})

kinds := parameters.value(
	"labelledKinds",
	["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Service", "Ingress"],
)

deny contains {"msg": message, "path": ["metadata"]} if {
	input.kind in kinds
	some label in parameters.value("requiredLabels", ["app.kubernetes.io/name"])
	value := object.get(input, ["metadata", "labels", label], null)
	not is_said(value)
	message := sprintf("label %v is %s", [label, values.shown(value)])
}

is_said(value) if {
	is_string(value)
	value != ""
}
