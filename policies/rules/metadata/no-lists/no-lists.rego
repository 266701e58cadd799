# METADATA
# title: Objects stand for themselves
# description: >-
#   Rules judge one object at a time, and what is in the items of a List is none for them. Sluice takes Lists apart
#   before it judges; other tools do not.
# related_resources:
# - ref: https://kubernetes.io/docs/reference/using-api/api-concepts/#collections
# custom:
#   id: metadata/no-lists
#   severity: medium
#   remedy: Write each object as a document of its own, separated by ---.
package library.metadata.no_lists

deny contains {"msg": message, "path": ["items"]} if {
	is_array(object.get(input, "items", null))
	endswith(input.kind, "List")
	message := sprintf("%s holds %d objects", [input.kind, count(object.get(input, "items", []))])
}
