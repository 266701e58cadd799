package library.images.digest_required_test

import data.library.images.digest_required
import data.library.lib.fixtures

digest := concat("", ["sha256:", concat("", ["a" | some _ in numbers.range(1, 64)])])

test_a_digest_is_allowed if {
	every name in ["web", "registry.example.com:5000/shop/web:1.2.3"] {
		count(digest_required.deny) == 0 with input as fixtures.container({"image": concat("@", [name, digest])})
	}
}

test_all_else_is_denied if {
	every image in ["web", "web:1.2.3", "web@sha256:abc", concat("", ["web@", digest, "a"]), "", 7, null] {
		some violation in digest_required.deny with input as fixtures.container({"image": image})
		startswith(violation.msg, "container app runs")
	}
	count(digest_required.deny) == 1 with input as fixtures.pod({"containers": [{"name": "app"}]})
}

test_the_path_leads_to_the_image if {
	some violation in digest_required.deny with input as fixtures.container({"image": "web"})
	violation.path == ["spec", "template", "spec", "containers", 0, "image"]
}

test_other_objects_are_left_alone if {
	count(digest_required.deny) == 0 with input as {"kind": "ConfigMap", "data": {"image": "web:latest"}}
}
