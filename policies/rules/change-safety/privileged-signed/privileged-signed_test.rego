package library.change_safety.privileged_signed_test

import data.library.change_safety.privileged_signed
import data.library.lib.fixtures

role(rules) := {
	"apiVersion": "rbac.authorization.k8s.io/v1",
	"kind": "Role",
	"metadata": {"name": "web", "namespace": "shop"},
	"rules": rules,
}

reads := [{"apiGroups": [""], "resources": ["pods", "services"], "verbs": ["get", "list"]}]

binding(role_name, subjects) := {
	"apiVersion": "rbac.authorization.k8s.io/v1",
	"kind": "RoleBinding",
	"metadata": {"name": "web", "namespace": "shop"},
	"roleRef": {"kind": "Role", "name": role_name},
	"subjects": [{"kind": "ServiceAccount", "name": name, "namespace": "shop"} | some name in subjects],
}

signed(changes) := object.union(
	fixtures.changeset(changes),
	{"changeset": {"source": {"signature": {"present": true, "verified": true}}}},
)

test_ordinary_changes_are_allowed if {
	ordinary := [fixtures.create(fixtures.thing("v1", "ConfigMap", "shop", "a")), fixtures.create(fixtures.running([{"name": "a"}]))]
	count(privileged_signed.deny) == 0 with input as fixtures.changeset(ordinary)
}

test_a_role_that_shrinks_is_allowed if {
	less := role([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}])
	count(privileged_signed.deny) == 0 with input as fixtures.changeset([fixtures.update(role(reads), less), fixtures.delete(role(reads))])
	named := role([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"], "resourceNames": ["a"]}])
	count(privileged_signed.deny) == 0 with input as fixtures.changeset([fixtures.update(less, named)])
	all := role([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}])
	count(privileged_signed.deny) == 0 with input as fixtures.changeset([fixtures.update(all, role(reads))])
}

test_a_role_that_grows_needs_a_signature if {
	more := role(array.concat(reads, [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]))
	some violation in privileged_signed.deny with input as fixtures.changeset([fixtures.update(role(reads), more)])
	violation.msg == "Role shop/web allows get secrets, and the commit is not signed"
	count(privileged_signed.deny) == 0 with input as signed([fixtures.update(role(reads), more)])
	count(privileged_signed.deny) == 4 with input as fixtures.changeset([fixtures.create(role(reads))])
	named := role([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"], "resourceNames": ["a"]}])
	less := role([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}])
	count(privileged_signed.deny) == 1 with input as fixtures.changeset([fixtures.update(named, less)])
}

test_an_unknown_old_role_allowed_nothing if {
	operation := object.union(fixtures.update(role(reads), role(reads)), {"oldObject": null})
	count(privileged_signed.deny) == 4 with input as fixtures.changeset([operation])
}

test_new_subjects_need_a_signature if {
	change := fixtures.update(binding("web", ["a"]), binding("web", ["a", "b"]))
	some violation in privileged_signed.deny with input as fixtures.changeset([change])
	violation.msg == "RoleBinding shop/web gives web to ServiceAccount shop/b, and the commit is not signed"
	count(privileged_signed.deny) == 1 with input as fixtures.changeset([change])
	count(privileged_signed.deny) == 1 with input as fixtures.changeset([fixtures.create(binding("web", ["a"]))])
	count(privileged_signed.deny) == 1 with input as fixtures.changeset([fixtures.replace(binding("web", ["a"]), binding("admin", ["a"]))])
	count(privileged_signed.deny) == 0 with input as fixtures.changeset([fixtures.update(binding("web", ["a", "b"]), binding("web", ["a"]))])
}

test_privileged_pods_need_a_signature if {
	privileged := fixtures.running([{"name": "a", "securityContext": {"privileged": true, "capabilities": {"add": ["SYS_ADMIN"]}}}])
	count(privileged_signed.deny) == 2 with input as fixtures.changeset([fixtures.create(privileged)])
	count(privileged_signed.deny) == 2 with input as fixtures.changeset([fixtures.update(privileged, privileged)])
	count(privileged_signed.deny) == 0 with input as signed([fixtures.create(privileged)])
	host := fixtures.deployment({"template": {"spec": {"hostNetwork": true, "volumes": [{"hostPath": {"path": "/"}}]}}})
	count(privileged_signed.deny) == 2 with input as fixtures.changeset([fixtures.create(host)])
}

test_webhooks_need_a_signature_also_to_go if {
	webhook := {
		"apiVersion": "admissionregistration.k8s.io/v1",
		"kind": "ValidatingWebhookConfiguration",
		"metadata": {"name": "guard"},
	}
	every operation in [fixtures.create(webhook), fixtures.update(webhook, webhook), fixtures.delete(webhook)] {
		count(privileged_signed.deny) == 1 with input as fixtures.changeset([operation])
	}
}

test_aggregation_needs_a_signature if {
	labelled := {
		"apiVersion": "rbac.authorization.k8s.io/v1",
		"kind": "ClusterRole",
		"metadata": {"name": "web", "labels": {"rbac.authorization.k8s.io/aggregate-to-admin": "true"}},
	}
	count(privileged_signed.deny) == 1 with input as fixtures.changeset([fixtures.create(labelled)])
}

test_a_heal_is_not_held_back if {
	heal := object.union(
		fixtures.changeset([fixtures.update(role([]), role(reads))]),
		{"changeset": {"trigger": "drift"}},
	)
	count(privileged_signed.deny) == 0 with input as heal
}
