package production.images_test

import data.production.images

deployment(namespace, image) := {
	"kind": "Deployment",
	"metadata": {"name": "checkout", "namespace": namespace},
	"spec": {"template": {"spec": {"containers": [{"name": "checkout", "image": image}]}}},
}

test_a_tag_is_denied_in_production if {
	count(images.deny) == 1 with input as deployment("shop-prod", "registry.example.com/shop/checkout:latest")
}

test_a_digest_passes if {
	count(images.deny) == 0 with input as deployment("shop-prod", "registry.example.com/shop/checkout@sha256:9f31")
}

test_a_tag_passes_elsewhere if {
	count(images.deny) == 0 with input as deployment("shop-dev", "registry.example.com/shop/checkout:latest")
}
