# METADATA
# title: No Namespace is deleted
# description: >-
#   A Namespace goes with everything that is in it, also what other deliveries and people put there. Under another
#   name it is another one.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/
# schemas:
# - input: schema.changeset
# custom:
#   id: change-safety/namespaces-stay
#   severity: critical
#   remedy: >-
#     Keep the Namespace; or annotate it with sluice.dev/allow-delete set to "true" in one revision, and delete it in
#     a later one.
package library.change_safety.namespaces_stay

import data.library.lib.changeset

deny contains {"msg": message, "operation": operation.id} if {
	some operation in changeset.unwanted({["", "Namespace"]})
	message := sprintf(
		"%s %s with everything in it%s",
		[changeset.verb(operation), changeset.name(operation), changeset.doubt(operation)],
	)
}
