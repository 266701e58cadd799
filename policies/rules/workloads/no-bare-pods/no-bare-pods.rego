# METADATA
# title: Somebody brings pods back
# description: A Pod without a controller is gone with its node.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/workloads/pods/#pods-and-controllers
# custom:
#   id: workloads/no-bare-pods
#   severity: medium
#   remedy: Write a Deployment, a StatefulSet or a Job with this pod as its template.
package library.workloads.no_bare_pods

deny contains {"msg": message, "path": ["kind"]} if {
	input.kind == "Pod"
	count(object.get(input, ["metadata", "ownerReferences"], [])) == 0
	message := "nothing makes this Pod anew when its node is gone"
}
