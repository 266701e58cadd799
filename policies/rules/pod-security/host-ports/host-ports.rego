# METADATA
# title: No container takes a port of the node
# description: >-
#   A host port ties the pod to a node and goes past network policies. Baseline profile of the Pod Security Standards.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
# custom:
#   id: pod-security/host-ports
#   severity: high
#   remedy: Remove hostPort and reach the pod through a Service.
#   parameters:
#     allowedHostPorts: Ports of the node that may be taken (array of numbers; none).
package library.pod_security.host_ports

import data.library.lib.parameters
import data.library.lib.workloads

deny contains message if some message in parameters.wrong({"allowedHostPorts": "array"})

deny contains {"msg": message, "path": array.concat(container.path, ["ports", index, "hostPort"])} if {
	some container in workloads.containers
	some index, port in container.spec.ports
	taken := object.get(workloads.as_object(port), "hostPort", null)
	not taken in {0, null}
	not taken in parameters.value("allowedHostPorts", [])
	message := sprintf("%s takes port %v of the node", [container.is, taken])
}
