# METADATA
# title: Pods have the time to end
# description: With no time to end, requests are cut off; with hours of it, a node cannot be drained.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination
# custom:
#   id: workloads/termination-grace
#   severity: low
#   remedy: >-
#     Remove terminationGracePeriodSeconds, whose default is 30, or set it to a number in the bounds of the message.
#   parameters:
#     minimumTerminationGrace: Seconds at least (number; 5).
#     maximumTerminationGrace: Seconds at most (number; 600).
package library.workloads.termination_grace

import data.library.lib.parameters
import data.library.lib.workloads

deny contains message if {
	some message in parameters.wrong({"minimumTerminationGrace": "number", "maximumTerminationGrace": "number"})
}

least := parameters.value("minimumTerminationGrace", 5)

most := parameters.value("maximumTerminationGrace", 600)

deny contains {"msg": message, "path": array.concat(workloads.pod_path, ["terminationGracePeriodSeconds"])} if {
	seconds := object.get(workloads.pod, "terminationGracePeriodSeconds", null)
	seconds != null
	not is_within(seconds)
	message := sprintf("terminationGracePeriodSeconds is %s, not between %v and %v", [json.marshal(seconds), least, most])
}

is_within(seconds) if {
	is_number(seconds)
	seconds >= least
	seconds <= most
}
