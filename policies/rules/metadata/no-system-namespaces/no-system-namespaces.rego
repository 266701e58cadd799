# METADATA
# title: Nothing is put where it does not belong
# description: >-
#   What lies in kube-system runs beside the cluster's own parts and is spared by many policies; in default lies what
#   nobody meant to put there.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/
# custom:
#   id: metadata/no-system-namespaces
#   severity: high
#   remedy: Set metadata.namespace to a namespace of the team.
#   parameters:
#     systemNamespaces: >-
#       Namespaces that nothing is put into (array of texts; default, kube-system, kube-public, kube-node-lease).
package library.metadata.no_system_namespaces

import data.library.lib.parameters

deny contains message if some message in parameters.wrong({"systemNamespaces": "array"})

deny contains {"msg": message, "path": ["metadata", "namespace"]} if {
	namespace := input.metadata.namespace
	namespace in parameters.value("systemNamespaces", ["default", "kube-system", "kube-public", "kube-node-lease"])
	message := sprintf("the namespace is %s", [namespace])
}
