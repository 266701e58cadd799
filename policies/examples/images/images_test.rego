package policies.images_test

import data.policies.images

pod(image) := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {"name": "web"},
	"spec": {"containers": [{"name": "app", "image": image}]},
}

digest := concat("", ["sha256:", concat("", ["a" | some _ in numbers.range(1, 64)])])

test_a_digest_is_allowed if {
	count(images.deny) == 0 with input as pod(concat("@", ["registry.example.com/web:1.2.3", digest]))
}

test_a_tag_alone_is_denied if {
	some violation in images.deny with input as pod("registry.example.com/web:1.2.3")
	violation.path == ["spec", "containers", 0, "image"]
}

test_latest_warns if {
	count(images.warn) == 1 with input as pod(concat("@", ["web:latest", digest]))
}

test_other_objects_are_left_alone if {
	count(images.deny) == 0 with input as {"kind": "ConfigMap", "data": {"image": "web:latest"}}
}
