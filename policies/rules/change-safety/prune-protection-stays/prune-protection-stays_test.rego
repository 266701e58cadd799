package library.change_safety.prune_protection_stays_test

import data.library.change_safety.prune_protection_stays
import data.library.lib.fixtures

claim := fixtures.thing("v1", "ConfigMap", "shop", "data")

protected := fixtures.annotated(claim, {"sluice.dev/prune": "disabled"})

test_what_stays_protected_is_allowed if {
	count(prune_protection_stays.deny) == 0 with input as fixtures.changeset([fixtures.update(protected, protected)])
	count(prune_protection_stays.deny) == 0 with input as fixtures.changeset([fixtures.update(claim, protected), fixtures.create(claim)])
	count(prune_protection_stays.deny) == 0 with input as fixtures.changeset([fixtures.delete(claim)])
}

test_the_end_of_protection_is_denied if {
	count(prune_protection_stays.deny) == 1 with input as fixtures.changeset([fixtures.update(protected, claim)])
	enabled := fixtures.annotated(claim, {"sluice.dev/prune": "enabled"})
	count(prune_protection_stays.deny) == 1 with input as fixtures.changeset([fixtures.update(protected, enabled)])
	count(prune_protection_stays.deny) == 1 with input as fixtures.changeset([fixtures.replace(protected, claim)])
	count(prune_protection_stays.deny) == 1 with input as fixtures.changeset([fixtures.delete(protected)])
}

test_others_protection_counts if {
	every annotations in [
		{"helm.sh/resource-policy": "keep"},
		{"argocd.argoproj.io/sync-options": "Validate=false, Prune=false"},
		{"kustomize.toolkit.fluxcd.io/prune": "disabled"},
	] {
		count(prune_protection_stays.deny) == 1 with input as fixtures.changeset([fixtures.update(fixtures.annotated(claim, annotations), claim)])
	}
}

test_consent_comes_a_revision_earlier if {
	consenting := fixtures.annotated(protected, {"sluice.dev/allow-delete": "true"})
	count(prune_protection_stays.deny) == 0 with input as fixtures.changeset([fixtures.update(consenting, claim)])
	late := fixtures.annotated(claim, {"sluice.dev/allow-delete": "true"})
	count(prune_protection_stays.deny) == 1 with input as fixtures.changeset([fixtures.update(protected, late)])
}

test_what_is_not_known_is_denied if {
	every operation in [fixtures.update(claim, claim), fixtures.delete(claim)] {
		lost := object.union(operation, {"oldObject": null})
		count(prune_protection_stays.deny) == 1 with input as fixtures.changeset([lost])
	}
	file := object.union(
		fixtures.update(claim, claim),
		{"gvk": {"group": "policy.sluice.dev", "version": "v1alpha1", "kind": "Policy"}, "object": null, "oldObject": null},
	)
	count(prune_protection_stays.deny) == 0 with input as fixtures.changeset([file])
}
