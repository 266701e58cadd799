package library.change_safety.replacement_consent_test

import data.library.change_safety.replacement_consent
import data.library.lib.fixtures

service := fixtures.thing("v1", "Service", "shop", "web")

test_jobs_and_updates_are_allowed if {
	job := fixtures.thing("batch/v1", "Job", "shop", "migrate")
	count(replacement_consent.deny) == 0 with input as fixtures.changeset([fixtures.replace(job, job), fixtures.update(service, service)])
}

test_a_replacement_is_denied if {
	operation := object.union(fixtures.replace(service, service), {"fields": [{"path": "spec.clusterIP"}]})
	some violation in replacement_consent.deny with input as fixtures.changeset([operation])
	violation.msg == "Service shop/web would be deleted and created anew, since spec.clusterIP cannot change in place"
	count(replacement_consent.deny) == 1 with input as fixtures.changeset([object.union(operation, {"oldObject": null})])
}

test_the_old_object_consents if {
	consenting := fixtures.annotated(service, {"sluice.dev/allow-replace": "true"})
	count(replacement_consent.deny) == 0 with input as fixtures.changeset([fixtures.replace(consenting, service)])
	count(replacement_consent.deny) == 1 with input as fixtures.changeset([fixtures.replace(service, consenting)])
}
