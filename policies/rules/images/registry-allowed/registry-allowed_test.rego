package library.images.registry_allowed_test

import data.library.images.registry_allowed
import data.library.lib.fixtures

registries := ["registry.example.com/shop", "docker.io/library/"]

test_images_below_are_allowed if {
	every image in ["registry.example.com/shop/web:1", "docker.io/library/nginx", "docker.io/library/nginx@sha256:0"] {
		count(registry_allowed.deny) == 0 with input as fixtures.container({"image": image})
			with data.parameters.imageRegistries as registries
	}
}

test_images_beside_are_denied if {
	every image in [
		"registry.example.com/shopping/web:1",
		"registry.example.com/other/web",
		"registry.example.com.evil.example/shop/web",
		"evil.example/registry.example.com/shop/web",
		"registry.example.com/shop",
		"nginx",
		"",
		7,
		null,
	] {
		count(registry_allowed.deny) == 1 with input as fixtures.container({"image": image})
			with data.parameters.imageRegistries as registries
	}
}

test_docker_hub_is_meant_where_none_is_named if {
	count(registry_allowed.deny) == 0 with input as fixtures.container({"image": "shop/web"})
		with data.parameters.imageRegistries as ["docker.io"]
}

test_without_the_parameter_all_are_denied if {
	count(registry_allowed.deny) == 1 with input as fixtures.container({"image": "registry.example.com/shop/web"})
	count(registry_allowed.deny) == 2 with input as fixtures.container({}) with data.parameters.imageRegistries as "docker.io"
}
