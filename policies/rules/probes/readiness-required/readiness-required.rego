# METADATA
# title: Pods say when they can serve
# description: Without a readiness probe a rollout goes on, and traffic arrives, before the program listens.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-probes
# custom:
#   id: probes/readiness-required
#   severity: medium
#   remedy: Give each container a readinessProbe that asks what its clients ask.
package library.probes.readiness_required

import data.library.lib.workloads

kinds := {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController"}

actions := {"httpGet", "tcpSocket", "exec", "grpc"}

deny contains {"msg": message, "path": workloads.at(container, ["readinessProbe"])} if {
	input.kind in kinds
	some container in workloads.containers
	container.list == "containers"
	probe := workloads.as_object(object.get(container.spec, "readinessProbe", {}))
	count(object.keys(probe) & actions) == 0
	message := sprintf("%s has no readinessProbe", [container.is])
}
