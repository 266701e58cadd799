package library.change_safety.policies_signed_test

import data.library.change_safety.policies_signed
import data.library.lib.fixtures

file(op) := {
	"id": "policy.sluice.dev/Policy//policies/images.rego",
	"op": op,
	"gvk": {"group": "policy.sluice.dev", "version": "v1alpha1", "kind": "Policy"},
	"scope": "Cluster",
	"namespace": "",
	"name": "policies/images.rego",
	"object": null,
	"oldObject": null,
	"fields": [],
}

test_a_signed_change_is_allowed if {
	signed := object.union(fixtures.changeset([file("delete")]), {"changeset": {"source": {"signature": {"verified": true}}}})
	count(policies_signed.deny) == 0 with input as signed
	count(policies_signed.deny) == 0 with input as fixtures.changeset([file("unchanged")])
	other := fixtures.create(fixtures.thing("example.com/v1", "Policy", "shop", "a"))
	count(policies_signed.deny) == 0 with input as fixtures.changeset([other])
}

test_an_unsigned_one_is_denied if {
	every op in ["create", "update", "delete", "rename"] {
		some violation in policies_signed.deny with input as fixtures.changeset([file(op)])
		violation.operation == "policy.sluice.dev/Policy//policies/images.rego"
	}
}
