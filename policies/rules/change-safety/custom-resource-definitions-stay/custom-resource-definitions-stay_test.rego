package library.change_safety.custom_resource_definitions_stay_test

import data.library.change_safety.custom_resource_definitions_stay
import data.library.lib.fixtures

crd := {
	"apiVersion": "apiextensions.k8s.io/v1",
	"kind": "CustomResourceDefinition",
	"metadata": {"name": "carts.example.com"},
}

test_other_operations_are_allowed if {
	count(custom_resource_definitions_stay.deny) == 0 with input as fixtures.changeset([fixtures.create(crd), fixtures.update(crd, crd)])
}

test_deletions_are_denied if {
	count(custom_resource_definitions_stay.deny) == 1 with input as fixtures.changeset([fixtures.delete(crd)])
	count(custom_resource_definitions_stay.deny) == 1 with input as fixtures.changeset([fixtures.replace(crd, crd)])
	count(custom_resource_definitions_stay.deny) == 1 with input as fixtures.changeset([object.union(fixtures.delete(crd), {"oldObject": null})])
	other := object.union(crd, {"metadata": {"name": "baskets.example.com"}})
	count(custom_resource_definitions_stay.deny) == 1 with input as fixtures.changeset([fixtures.delete(crd), fixtures.create(other)])
}

test_the_old_object_consents if {
	consenting := fixtures.annotated(crd, {"sluice.dev/allow-delete": "true"})
	count(custom_resource_definitions_stay.deny) == 0 with input as fixtures.changeset([fixtures.delete(consenting)])
}
