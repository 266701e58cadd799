# METADATA
# title: A busy pod is not killed
# description: >-
#   A liveness probe that asks the same as the readiness probe, and no more patiently, restarts a program for being
#   busy, when it only should get no traffic.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-probes
# custom:
#   id: probes/liveness-differs
#   severity: medium
#   remedy: Raise livenessProbe.failureThreshold above that of the readinessProbe, ask something else, or remove it.
package library.probes.liveness_differs

import data.library.lib.workloads

actions := ["httpGet", "tcpSocket", "exec", "grpc"]

deny contains {"msg": message, "path": workloads.at(container, ["livenessProbe"])} if {
	some container in workloads.lasting
	liveness := container.spec.livenessProbe
	readiness := container.spec.readinessProbe
	some action in actions
	liveness[action] == readiness[action]
	not is_more_patient(liveness, readiness)
	message := sprintf("%s is restarted as soon as it is not ready", [container.is])
}

is_more_patient(liveness, readiness) if patience(liveness) > patience(readiness)

patience(probe) := object.get(probe, "failureThreshold", 3) * object.get(probe, "periodSeconds", 10)
