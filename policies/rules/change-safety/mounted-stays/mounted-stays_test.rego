package library.change_safety.mounted_stays_test

import data.library.change_safety.mounted_stays
import data.library.lib.fixtures

with_pod(spec) := fixtures.deployment({"template": {"spec": spec}})

users := [
	["ConfigMap", {"volumes": [{"configMap": {"name": "a"}}]}],
	["Secret", {"volumes": [{"secret": {"secretName": "a"}}]}],
	["PersistentVolumeClaim", {"volumes": [{"persistentVolumeClaim": {"claimName": "a"}}]}],
	["ConfigMap", {"volumes": [{"projected": {"sources": [{"configMap": {"name": "a"}}]}}]}],
	["Secret", {"volumes": [{"projected": {"sources": [{"secret": {"name": "a"}}]}}]}],
	["ConfigMap", {"containers": [{"envFrom": [{"configMapRef": {"name": "a"}}]}]}],
	["Secret", {"initContainers": [{"envFrom": [{"secretRef": {"name": "a"}}]}]}],
	["ConfigMap", {"containers": [{"env": [{"valueFrom": {"configMapKeyRef": {"name": "a"}}}]}]}],
	["Secret", {"containers": [{"env": [{"valueFrom": {"secretKeyRef": {"name": "a"}}}]}]}],
	["Secret", {"imagePullSecrets": [{"name": "a"}]}],
	["ServiceAccount", {"serviceAccountName": "a"}],
]

test_what_is_used_is_denied if {
	every user in users {
		some violation in mounted_stays.deny with input as fixtures.changeset([
			fixtures.update(with_pod({}), with_pod(user[1])),
			fixtures.delete(fixtures.thing("v1", user[0], "shop", "a")),
		])
		contains(violation.msg, "which Deployment shop/web still uses")
	}
}

test_an_unknown_old_object_makes_no_difference if {
	count(mounted_stays.deny) == 1 with input as fixtures.changeset([
		fixtures.create(with_pod({"imagePullSecrets": [{"name": "a"}]})),
		object.union(fixtures.delete(fixtures.thing("v1", "Secret", "shop", "a")), {"oldObject": null}),
	])
}

test_certificates_count if {
	ingress := object.union(
		fixtures.thing("networking.k8s.io/v1", "Ingress", "shop", "web"),
		{"spec": {"tls": [{"secretName": "a"}]}},
	)
	count(mounted_stays.deny) == 1 with input as fixtures.changeset([
		fixtures.update(ingress, ingress),
		fixtures.delete(fixtures.thing("v1", "Secret", "shop", "a")),
	])
}

test_what_is_not_used_any_more_is_allowed if {
	every user in users {
		count(mounted_stays.deny) == 0 with input as fixtures.changeset([
			fixtures.update(with_pod(user[1]), with_pod({})),
			fixtures.delete(fixtures.thing("v1", user[0], "shop", "a")),
		])
		count(mounted_stays.deny) == 0 with input as fixtures.changeset([
			fixtures.update(with_pod({}), with_pod(user[1])),
			fixtures.delete(fixtures.thing("v1", user[0], "other", "a")),
		])
	}
}
