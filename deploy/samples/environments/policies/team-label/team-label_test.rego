package team_label_test

import data.team_label

test_an_object_without_the_label_is_denied if {
	count(team_label.deny) == 1 with input as {"kind": "Service", "metadata": {"name": "web", "labels": {"app": "web"}}}
}

test_an_object_with_the_label_passes if {
	count(team_label.deny) == 0 with input as {"kind": "Service", "metadata": {"name": "web", "labels": {"team": "web"}}}
}
