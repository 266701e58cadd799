package library.change_safety.data_owners_stay_test

import data.library.change_safety.data_owners_stay
import data.library.lib.fixtures

cluster := fixtures.thing("postgresql.cnpg.io/v1", "Cluster", "shop", "db")

test_other_operations_and_kinds_are_allowed if {
	count(data_owners_stay.deny) == 0 with input as fixtures.changeset([fixtures.update(cluster, cluster)])
	other := fixtures.thing("cluster.x-k8s.io/v1beta1", "Cluster", "shop", "db")
	count(data_owners_stay.deny) == 0 with input as fixtures.changeset([fixtures.delete(other)])
}

test_deletions_are_denied if {
	count(data_owners_stay.deny) == 1 with input as fixtures.changeset([fixtures.delete(cluster)])
	count(data_owners_stay.deny) == 1 with input as fixtures.changeset([object.union(fixtures.delete(cluster), {"oldObject": null})])
}

test_a_delivery_goes_with_all_that_it_applied if {
	delivery := fixtures.thing("sluice.dev/v1alpha1", "Delivery", "shop", "db")
	count(data_owners_stay.deny) == 1 with input as fixtures.changeset([fixtures.delete(delivery)])
}

test_the_old_object_consents if {
	consenting := fixtures.annotated(cluster, {"sluice.dev/allow-delete": "true"})
	count(data_owners_stay.deny) == 0 with input as fixtures.changeset([fixtures.delete(consenting)])
}

test_a_parameter_names_others if {
	secret := fixtures.thing("v1", "Secret", "shop", "db")
	count(data_owners_stay.deny) == 1 with input as fixtures.changeset([fixtures.delete(secret)])
		with data.parameters.protectedKinds as ["Secret"]
}
