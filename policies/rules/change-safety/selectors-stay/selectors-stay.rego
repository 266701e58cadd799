# METADATA
# title: A selector keeps its pods
# description: >-
#   A Service whose selector changes loses its pods at once; a Deployment that gets another one leaves its old pods
#   behind.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/
# schemas:
# - input: schema.changeset
# custom:
#   id: change-safety/selectors-stay
#   severity: high
#   remedy: >-
#     Keep the labels of the selector; a switch between two versions uses a label that is named in switchedLabels.
#   parameters:
#     switchedLabels: >-
#       Labels of a Service's selector whose value may change, as version for blue and green (array of texts; none).
package library.change_safety.selectors_stay

import data.library.lib.changeset
import data.library.lib.parameters
import data.library.lib.values

deny contains message if some message in parameters.wrong({"switchedLabels": "array"})

kinds := {["", "Service"], ["apps", "Deployment"], ["apps", "StatefulSet"], ["apps", "DaemonSet"], ["apps", "ReplicaSet"]}

path := ["spec", "selector"]

deny contains {"msg": message, "operation": operation.id, "path": path} if {
	some operation in changeset.changes
	changeset.kind_of(operation) in kinds
	before := object.get(changeset.old_of(operation), path, null)
	after := object.get(changeset.object_of(operation), path, null)
	not before in [{}, null]
	compared(operation, before) != compared(operation, after)
	message := sprintf("%s no longer selects %s, but %s", [changeset.name(operation), values.shown(before), values.shown(after)])
}

deny contains {"msg": message, "operation": operation.id} if {
	some operation in changeset.changes
	changeset.kind_of(operation) in kinds
	changeset.old_of(operation) == {}
	message := sprintf("what %s selects now is not known", [changeset.name(operation)])
}

compared(operation, selector) := object.remove(selector, parameters.value("switchedLabels", [])) if {
	operation.gvk.kind == "Service"
	is_object(selector)
} else := selector
