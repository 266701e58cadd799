package library.lib.combined_test

import data.library.lib.combined

test_selectors_select if {
	every selector in [
		{},
		{"matchLabels": {"app": "web"}},
		{"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]},
		{"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["api"]}]},
		{"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["front"]}]},
		{"matchExpressions": [{"key": "app", "operator": "Exists"}]},
		{"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]},
	] {
		combined.selects(selector, {"app": "web"})
	}
}

test_others_do_not if {
	every selector in [
		null,
		"app=web",
		{"matchLabels": {"app": "api"}},
		{"matchLabels": {"app": "web", "tier": "front"}},
		{"matchExpressions": [{"key": "app", "operator": "In", "values": ["api"]}]},
		{"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]},
		{"matchExpressions": [{"key": "app", "operator": "Unheard"}]},
		{"matchExpressions": [{}]},
	] {
		not combined.selects(selector, {"app": "web"})
	}
}

test_a_result_names_its_object_and_its_file if {
	manifest := {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"}}
	result := combined.result(manifest, "has no pods", ["spec"]) with input as [{"path": "a.yaml", "contents": manifest}]
	result.msg == "Service shop/web: has no pods"
	result._loc == {"file": "a.yaml"}
}
