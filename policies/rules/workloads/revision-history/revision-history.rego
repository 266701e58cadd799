# METADATA
# title: A Deployment can go back
# description: >-
#   Without old ReplicaSets kubectl cannot undo a rollout; with too many of them the cluster carries them all.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#clean-up-policy
# custom:
#   id: workloads/revision-history
#   severity: low
#   remedy: Remove spec.revisionHistoryLimit, whose default is 10, or set it to a number in the bounds of the message.
#   parameters:
#     maximumRevisionHistory: How many old revisions at most (number; 10).
package library.workloads.revision_history

import data.library.lib.parameters

deny contains message if some message in parameters.wrong({"maximumRevisionHistory": "number"})

deny contains {"msg": message, "path": ["spec", "revisionHistoryLimit"]} if {
	input.kind in {"Deployment", "StatefulSet", "DaemonSet"}
	limit := object.get(input, ["spec", "revisionHistoryLimit"], null)
	limit != null
	most := parameters.value("maximumRevisionHistory", 10)
	not is_within(limit, most)
	message := sprintf("revisionHistoryLimit is %s, not between 1 and %v", [json.marshal(limit), most])
}

is_within(limit, most) if {
	is_number(limit)
	limit >= 1
	limit <= most
}
