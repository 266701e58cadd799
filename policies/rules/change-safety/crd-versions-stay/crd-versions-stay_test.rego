package library.change_safety.crd_versions_stay_test

import data.library.change_safety.crd_versions_stay
import data.library.lib.fixtures

crd(versions) := {
	"apiVersion": "apiextensions.k8s.io/v1",
	"kind": "CustomResourceDefinition",
	"metadata": {"name": "carts.example.com"},
	"spec": {"versions": versions},
}

test_more_versions_are_allowed if {
	before := crd([{"name": "v1", "served": true}, {"name": "v1alpha1", "served": false}])
	after := crd([{"name": "v1", "served": true}, {"name": "v2", "served": true}])
	count(crd_versions_stay.deny) == 0 with input as fixtures.changeset([fixtures.update(before, after)])
}

test_fewer_are_denied if {
	before := crd([{"name": "v1", "served": true}, {"name": "v2", "served": true}])
	every versions in [[], [{"name": "v2", "served": true}], [{"name": "v1", "served": false}, {"name": "v2", "served": true}]] {
		count(crd_versions_stay.deny) > 0 with input as fixtures.changeset([fixtures.update(before, crd(versions))])
	}
}

test_what_is_not_known_is_denied if {
	operation := object.union(fixtures.update(crd([]), crd([])), {"oldObject": null})
	count(crd_versions_stay.deny) == 1 with input as fixtures.changeset([operation])
}
