package library.source.signed_commits_test

import data.library.lib.fixtures
import data.library.source.signed_commits

signed(signature) := object.union(
	fixtures.changeset([fixtures.create(fixtures.thing("v1", "ConfigMap", "shop", "a"))]),
	{"changeset": {"source": {"signature": signature}}},
)

test_a_verified_signature_is_allowed if {
	count(signed_commits.deny) == 0 with input as signed({"present": true, "verified": true})
	count(signed_commits.deny) == 0 with input as fixtures.changeset([])
}

test_none_and_an_unknown_one_are_denied if {
	every signature in [{}, {"present": false, "verified": false}, {"present": true, "verified": false}, {"verified": "true"}] {
		count(signed_commits.deny) == 1 with input as signed(signature)
	}
	count(signed_commits.deny) == 1 with input as {"operations": [{"op": "create"}]}
}
