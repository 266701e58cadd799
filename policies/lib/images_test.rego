package library.lib.images_test

import data.library.lib.images

test_names_are_taken_apart if {
	every image, parts in {
		"web": ["docker.io", "web", "", ""],
		"shop/web:1": ["docker.io", "shop/web", "1", ""],
		"registry.example.com/shop/web:1@sha256:0": ["registry.example.com", "shop/web", "1", "sha256:0"],
		"localhost/web": ["localhost", "web", "", ""],
		"registry:5000/web": ["registry:5000", "web", "", ""],
		"": ["docker.io", "", "", ""],
	} {
		parsed := images.parse(image)
		[parsed.registry, parsed.repository, parsed.tag, parsed.digest] == parts
	}
}

test_what_is_no_text_names_nothing if {
	every image in [null, 7, {}, []] {
		images.parse(image).repository == ""
	}
}

test_versions_are_read if {
	every tag, numbers in {"1.2.3": [1, 2, 3], "v1.02": [1, 2, 0], "7": [7, 0, 0], "1.2.3-rc1": [1, 2, 3]} {
		images.version(tag).numbers == numbers
	}
	every tag in ["latest", "1.2.3.4", "", "main-7", "v"] {
		not images.version(tag)
	}
}
