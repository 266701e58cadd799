package library.change_safety.volumes_stay_test

import data.library.change_safety.volumes_stay
import data.library.lib.fixtures

claim := fixtures.thing("v1", "PersistentVolumeClaim", "shop", "data")

volume(policy) := {
	"apiVersion": "v1",
	"kind": "PersistentVolume",
	"metadata": {"name": "data"},
	"spec": {"persistentVolumeReclaimPolicy": policy},
}

test_changes_in_place_are_allowed if {
	count(volumes_stay.deny) == 0 with input as fixtures.changeset([fixtures.create(claim), fixtures.update(claim, claim)])
	count(volumes_stay.deny) == 0 with input as fixtures.changeset([fixtures.update(volume("Delete"), volume("Retain"))])
}

test_deletions_are_denied if {
	count(volumes_stay.deny) == 2 with input as fixtures.changeset([fixtures.delete(claim), fixtures.delete(volume("Retain"))])
	count(volumes_stay.deny) == 1 with input as fixtures.changeset([fixtures.replace(claim, claim)])
	lost := object.union(fixtures.delete(claim), {"oldObject": null})
	count(volumes_stay.deny) == 1 with input as fixtures.changeset([lost])
}

test_a_claim_under_another_name_or_elsewhere_is_another_one if {
	renamed := fixtures.thing("v1", "PersistentVolumeClaim", "shop", "data-2")
	moved := fixtures.thing("v1", "PersistentVolumeClaim", "store", "data")
	count(volumes_stay.deny) == 1 with input as fixtures.changeset([fixtures.create(renamed), fixtures.delete(claim)])
	count(volumes_stay.deny) == 1 with input as fixtures.changeset([fixtures.create(moved), fixtures.delete(claim)])
}

test_the_old_object_consents if {
	consenting := fixtures.annotated(claim, {"sluice.dev/allow-delete": "true"})
	count(volumes_stay.deny) == 0 with input as fixtures.changeset([fixtures.delete(consenting)])
}

test_a_volume_stays_retained if {
	some violation in volumes_stay.deny with input as fixtures.changeset([fixtures.update(volume("Retain"), volume("Delete"))])
	violation.path == ["spec", "persistentVolumeReclaimPolicy"]
}

test_a_heal_deletes_no_more_than_others if {
	heal := object.union(fixtures.changeset([fixtures.delete(claim)]), {"changeset": {"trigger": "drift"}})
	count(volumes_stay.deny) == 1 with input as heal
}
