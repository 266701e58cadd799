# METADATA
# title: What is protected from pruning stays so
# description: Whoever takes the protection away in one revision can delete the object in the same or the next one.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/
# schemas:
# - input: schema.changeset
# custom:
#   id: change-safety/prune-protection-stays
#   severity: high
#   remedy: >-
#     Keep the annotation that the message names; or add sluice.dev/allow-delete set to "true" in one revision, and
#     remove the protection in a later one.
package library.change_safety.prune_protection_stays

import data.library.lib.changeset

# Annotations that keep an object, here and with others that may have put them there.
protections := {
	["sluice.dev/prune", "disabled"],
	["kustomize.toolkit.fluxcd.io/prune", "disabled"],
	["argocd.argoproj.io/sync-options", "Prune=false"],
	["argocd.argoproj.io/sync-options", "Delete=false"],
	["helm.sh/resource-policy", "keep"],
}

deny contains {"msg": message, "operation": operation.id, "path": ["metadata", "annotations"]} if {
	some operation in input.operations
	not changeset.op_of(operation) in {"create", "unchanged"}
	some [key, value] in protections
	says(changeset.old_of(operation), key, value)
	not says(changeset.object_of(operation), key, value)
	not changeset.allows_deletion(operation)
	message := sprintf("%s is protected by %s: %s, and would not be", [changeset.name(operation), key, value])
}

deny contains {"msg": message, "operation": operation.id} if {
	some operation in input.operations
	not changeset.op_of(operation) in {"create", "unchanged"}
	operation.gvk.group != "policy.sluice.dev"
	changeset.old_of(operation) == {}
	message := sprintf("whether %s is protected is not known", [changeset.name(operation)])
}

says(manifest, key, value) if {
	some part in split(changeset.annotation(manifest, key), ",")
	trim_space(part) == value
}
