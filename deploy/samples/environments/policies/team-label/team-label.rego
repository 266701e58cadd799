# METADATA
# title: Every object says whose it is
# description: Who is woken at night has to be found by a label.
# custom:
#   id: team-label
#   severity: medium
#   remedy: "Add metadata.labels.team; a kustomization adds it to all objects by `labels`."
package team_label

deny contains {"msg": message, "path": "/metadata/labels"} if {
	not input.metadata.labels.team
	message := sprintf("%s %s has no label team", [input.kind, input.metadata.name])
}
