# METADATA
# title: Replicas do not share one fate
# description: Replicas on one node stop together. What says that it runs once is left alone.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
# custom:
#   id: workloads/spread
#   severity: low
#   remedy: >-
#     Add topologySpreadConstraints for kubernetes.io/hostname (and topology.kubernetes.io/zone), or podAntiAffinity.
package library.workloads.spread

import data.library.lib.workloads

deny contains {"msg": "nothing keeps its replicas apart", "path": workloads.pod_path} if {
	input.kind in {"Deployment", "StatefulSet", "Rollout"}
	not object.get(input, ["spec", "replicas"], null) in {0, 1}
	not is_spread
}

is_spread if count(workloads.pod.topologySpreadConstraints) > 0

is_spread if {
	some how in ["requiredDuringSchedulingIgnoredDuringExecution", "preferredDuringSchedulingIgnoredDuringExecution"]
	count(workloads.pod.affinity.podAntiAffinity[how]) > 0
}
