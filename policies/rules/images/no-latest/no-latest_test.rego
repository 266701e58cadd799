package library.images.no_latest_test

import data.library.images.no_latest
import data.library.lib.fixtures

test_versions_and_digests_are_allowed if {
	every image in ["web:1.2.3", "registry.example.com:5000/web:v1"] {
		count(no_latest.deny) == 0 with input as fixtures.container({"image": image})
	}
}

test_latest_and_none_are_denied if {
	every image in ["web", "web:latest", "registry.example.com:5000/web", "web:", "", 7, "web:latest@sha256:0"] {
		count(no_latest.deny) == 1 with input as fixtures.container({"image": image})
	}
}
