package library.images.pull_policy_test

import data.library.images.pull_policy
import data.library.lib.fixtures

test_always_is_allowed if {
	count(pull_policy.deny) == 0 with input as fixtures.container({"image": "web:1", "imagePullPolicy": "Always"})
	count(pull_policy.deny) == 0 with input as fixtures.container({"image": "web"})
}

test_a_digest_needs_none if {
	image := concat("", ["web@sha256:", concat("", ["0" | some _ in numbers.range(1, 64)])])
	count(pull_policy.deny) == 0 with input as fixtures.container({"image": image, "imagePullPolicy": "IfNotPresent"})
}

test_others_are_denied if {
	count(pull_policy.deny) == 1 with input as fixtures.container({"image": "web:1"})
	every policy in ["IfNotPresent", "Never", "", "always"] {
		count(pull_policy.deny) == 1 with input as fixtures.container({"image": "web:1", "imagePullPolicy": policy})
	}
}
