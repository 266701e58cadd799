package library.change_safety.namespaces_stay_test

import data.library.change_safety.namespaces_stay
import data.library.lib.fixtures

shop := {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}

test_other_operations_are_allowed if {
	count(namespaces_stay.deny) == 0 with input as fixtures.changeset([fixtures.create(shop), fixtures.update(shop, shop)])
	count(namespaces_stay.deny) == 0 with input as fixtures.changeset([fixtures.delete(fixtures.thing("v1", "ConfigMap", "shop", "web"))])
}

test_a_deletion_is_denied if {
	some violation in namespaces_stay.deny with input as fixtures.changeset([fixtures.delete(shop)])
	violation == {"msg": "deletes Namespace shop with everything in it", "operation": "/Namespace//shop"}
}

test_a_new_name_is_a_deletion if {
	renamed := {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "store"}}
	count(namespaces_stay.deny) == 1 with input as fixtures.changeset([fixtures.create(renamed), fixtures.delete(shop)])
}

test_an_unknown_old_object_is_a_deletion if {
	lost := object.union(fixtures.delete(shop), {"oldObject": null})
	some violation in namespaces_stay.deny with input as fixtures.changeset([lost])
	contains(violation.msg, "not known")
	count(namespaces_stay.deny) == 1 with input as fixtures.changeset([object.remove(lost, ["oldObject", "object"])])
}

test_a_replacement_and_what_nobody_knows_are_deletions if {
	count(namespaces_stay.deny) == 1 with input as fixtures.changeset([fixtures.replace(shop, shop)])
	count(namespaces_stay.deny) == 1 with input as fixtures.changeset([object.union(fixtures.delete(shop), {"op": "prune"})])
}

test_the_old_object_consents if {
	consenting := fixtures.annotated(shop, {"sluice.dev/allow-delete": "true"})
	count(namespaces_stay.deny) == 0 with input as fixtures.changeset([fixtures.delete(consenting)])
	every value in ["false", "yes", true] {
		other := fixtures.annotated(shop, {"sluice.dev/allow-delete": value})
		count(namespaces_stay.deny) == 1 with input as fixtures.changeset([fixtures.delete(other)])
	}
}

test_the_new_object_cannot_consent if {
	consenting := fixtures.annotated(shop, {"sluice.dev/allow-delete": "true"})
	count(namespaces_stay.deny) == 1 with input as fixtures.changeset([fixtures.replace(shop, consenting)])
}
