package library.change_safety.pod_security_level_stays_test

import data.library.change_safety.pod_security_level_stays
import data.library.lib.fixtures

namespace(labels) := {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": labels}}

level(name) := namespace({"pod-security.kubernetes.io/enforce": name})

changed(before, after) := fixtures.changeset([fixtures.update(before, after)])

test_the_same_and_higher_are_allowed if {
	count(pod_security_level_stays.deny) == 0 with input as changed(level("baseline"), level("restricted"))
	count(pod_security_level_stays.deny) == 0 with input as changed(level("baseline"), level("baseline"))
	count(pod_security_level_stays.deny) == 0 with input as changed(namespace({}), level("baseline"))
}

test_lower_is_denied if {
	count(pod_security_level_stays.deny) == 1 with input as changed(level("restricted"), level("baseline"))
	count(pod_security_level_stays.deny) == 1 with input as changed(level("baseline"), namespace({}))
	count(pod_security_level_stays.deny) == 1 with input as changed(level("baseline"), level("Baseline"))
}

test_what_is_not_known_is_denied if {
	operation := object.union(fixtures.update(level("baseline"), level("baseline")), {"oldObject": null})
	count(pod_security_level_stays.deny) == 1 with input as fixtures.changeset([operation])
}
