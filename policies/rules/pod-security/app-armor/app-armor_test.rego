package library.pod_security.app_armor_test

import data.library.lib.fixtures
import data.library.pod_security.app_armor

test_profiles_of_the_runtime_and_the_node_are_allowed if {
	every type in ["RuntimeDefault", "Localhost"] {
		count(app_armor.deny) == 0 with input as fixtures.secure({"appArmorProfile": {"type": type}})
	}
	count(app_armor.deny) == 0 with input as fixtures.secure({})
}

test_unconfined_is_denied if {
	every type in ["Unconfined", "", "runtimedefault", 1] {
		count(app_armor.deny) == 1 with input as fixtures.secure({"appArmorProfile": {"type": type}})
	}
	count(app_armor.deny) == 1 with input as fixtures.secure({"appArmorProfile": {}})
	count(app_armor.deny) == 1 with input as fixtures.pod({"securityContext": {"appArmorProfile": {"type": "Unconfined"}}})
}

pod(profile) := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {"name": "web", "annotations": {"container.apparmor.security.beta.kubernetes.io/app": profile}},
	"spec": {"containers": [{"name": "app"}]},
}

test_annotations_are_judged_too if {
	every profile in ["runtime/default", "localhost/web", ""] {
		count(app_armor.deny) == 0 with input as pod(profile)
	}
	count(app_armor.deny) == 1 with input as pod("unconfined")
}
