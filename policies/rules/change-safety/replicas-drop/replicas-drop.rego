# METADATA
# title: Replicas do not drop by more than half
# description: >-
#   A lost line in a manifest takes replicas from many to the default of one. Also what is no longer written counts.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#scaling-a-deployment
# schemas:
# - input: schema.changeset
# custom:
#   id: change-safety/replicas-drop
#   severity: high
#   remedy: Write spec.replicas, or go down in several revisions; an end to all replicas needs a waiver.
#   parameters:
#     maximumReplicasDrop: The part of the replicas that one revision may take away (number from 0 to 1; 0.5).
package library.change_safety.replicas_drop

import data.library.lib.changeset
import data.library.lib.parameters

deny contains message if some message in parameters.wrong({"maximumReplicasDrop": "number"})

path := ["spec", "replicas"]

deny contains {"msg": message, "operation": operation.id, "path": path} if {
	some operation in changeset.changes
	before := replicas(changeset.old_of(operation), operation)
	counts(before)
	after := replicas(changeset.object_of(operation), operation)
	not keeps(before, after)
	message := sprintf("%s goes from %v replicas to %s", [changeset.name(operation), before, json.marshal(after)])
}

deny contains {"msg": message, "operation": operation.id} if {
	some operation in changeset.changes
	changeset.kind_of(operation) in scaled
	changeset.old_of(operation) == {}
	message := sprintf("how many replicas %s has is not known", [changeset.name(operation)])
}

scaled := {["apps", "Deployment"], ["apps", "StatefulSet"], ["apps", "ReplicaSet"]}

# What is not written is Kubernetes' default, for the kinds that have one; for others it is null, and cannot be compared.
replicas(manifest, operation) := value if {
	value := object.get(manifest, path, null)
	value != null
} else := 1 if {
	changeset.kind_of(operation) in scaled
	manifest != {}
} else := null

# Text is compared with nothing, and so denied.
counts(before) if {
	before != null
	before != 0
}

keeps(before, after) if {
	is_number(before)
	is_number(after)
	after > 0
	after >= before * (1 - parameters.value("maximumReplicasDrop", 0.5))
}
