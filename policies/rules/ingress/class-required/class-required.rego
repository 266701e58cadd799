# METADATA
# title: Ingresses say which controller serves them
# description: Without a class the cluster's default takes it, or every controller does.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/services-networking/ingress/#ingress-class
# custom:
#   id: ingress/class-required
#   severity: low
#   remedy: Set spec.ingressClassName, to one of the classes in the message if it names some.
#   parameters:
#     ingressClasses: Classes that may be used (array of texts; any).
package library.ingress.class_required

import data.library.lib.parameters

deny contains message if some message in parameters.wrong({"ingressClasses": "array"})

deny contains {"msg": message, "path": ["spec"]} if {
	input.kind == "Ingress"
	class in {"", null}
	message := "spec.ingressClassName is not set"
}

deny contains {"msg": message, "path": ["spec", "ingressClassName"]} if {
	input.kind == "Ingress"
	not class in {"", null}
	classes := parameters.value("ingressClasses", [class])
	not class in classes
	message := sprintf("class %s is none of %s", [json.marshal(class), json.marshal(classes)])
}

class := object.get(input, ["spec", "ingressClassName"], null)
