package library.change_safety.not_emptied_test

import data.library.change_safety.not_emptied
import data.library.lib.fixtures

a := fixtures.thing("v1", "ConfigMap", "shop", "a")

b := fixtures.thing("v1", "ConfigMap", "shop", "b")

test_what_leaves_something_is_allowed if {
	count(not_emptied.deny) == 0 with input as fixtures.changeset([])
	count(not_emptied.deny) == 0 with input as fixtures.changeset([fixtures.create(a)])
	count(not_emptied.deny) == 0 with input as fixtures.changeset([fixtures.delete(a), fixtures.update(b, b)])
	count(not_emptied.deny) == 0 with input as fixtures.changeset([fixtures.delete(a), fixtures.replace(b, b)])
}

test_all_of_it_is_denied if {
	count(not_emptied.deny) == 1 with input as fixtures.changeset([fixtures.delete(a), fixtures.delete(b)])
	count(not_emptied.deny) == 1 with input as fixtures.changeset([object.union(fixtures.delete(a), {"oldObject": null})])
}

test_new_names_make_no_difference if {
	count(not_emptied.deny) == 1 with input as fixtures.changeset([fixtures.create(b), fixtures.delete(a)])
}

test_all_must_consent if {
	consenting := fixtures.annotated(a, {"sluice.dev/allow-delete": "true"})
	count(not_emptied.deny) == 0 with input as fixtures.changeset([fixtures.delete(consenting)])
	count(not_emptied.deny) == 1 with input as fixtures.changeset([fixtures.delete(consenting), fixtures.delete(b)])
}
