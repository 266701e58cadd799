package library.ingress.class_required_test

import data.library.ingress.class_required

ingress(spec) := {"kind": "Ingress", "metadata": {"name": "web"}, "spec": spec}

test_a_class_is_allowed if {
	count(class_required.deny) == 0 with input as ingress({"ingressClassName": "public"})
	count(class_required.deny) == 0 with input as ingress({"ingressClassName": "public"}) with data.parameters.ingressClasses as ["public"]
}

test_none_is_denied if {
	count(class_required.deny) == 1 with input as ingress({})
	count(class_required.deny) == 1 with input as ingress({"ingressClassName": ""})
}

test_another_is_denied if {
	count(class_required.deny) == 1 with input as ingress({"ingressClassName": "x"}) with data.parameters.ingressClasses as ["public"]
}
