package policies.resources_test

import data.policies.resources

deployment(needs) := {
	"apiVersion": "apps/v1",
	"kind": "Deployment",
	"metadata": {"name": "web"},
	"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "web", "resources": needs}]}}},
}

test_full_resources_are_allowed if {
	needs := {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "64Mi"}}
	count(resources.deny) == 0 with input as deployment(needs)
}

test_every_missing_field_is_told if {
	count(resources.deny) == 3 with input as deployment({})
}
