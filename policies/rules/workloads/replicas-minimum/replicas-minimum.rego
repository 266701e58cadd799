# METADATA
# title: What must not stop runs more than once
# description: >-
#   A workload with one replica stops whenever its node is drained. Where an autoscaler decides, its minimum counts.
#   Judged over all objects of the delivery at once.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#scaling-a-deployment
# schemas:
# - input: schema.combined
# custom:
#   id: workloads/replicas-minimum
#   severity: medium
#   remedy: Raise spec.replicas, or minReplicas of the HorizontalPodAutoscaler, to what the message asks for.
#   parameters:
#     minimumReplicas: How many replicas at least (number; 2).
package library.workloads.replicas_minimum

import data.library.lib.combined
import data.library.lib.parameters
import data.library.lib.values

deny contains message if some message in parameters.wrong({"minimumReplicas": "number"})

minimum := parameters.value("minimumReplicas", 2)

deny contains combined.result(manifest, message, ["spec", "replicas"]) if {
	some manifest in combined.manifests
	combined.kind_of(manifest) in {"Deployment", "StatefulSet"}
	count(autoscalers_of(manifest)) == 0
	replicas := object.get(manifest, ["spec", "replicas"], 1)
	not is_enough(replicas)
	message := sprintf("it runs %s times, not at least %v times", [values.shown(replicas), minimum])
}

deny contains combined.result(autoscaler, message, ["spec", "minReplicas"]) if {
	some manifest in combined.manifests
	combined.kind_of(manifest) in {"Deployment", "StatefulSet"}
	some autoscaler in autoscalers_of(manifest)
	replicas := object.get(autoscaler, ["spec", "minReplicas"], 1)
	not is_enough(replicas)
	message := sprintf("it keeps at least %s replicas, not %v", [values.shown(replicas), minimum])
}

is_enough(replicas) if {
	is_number(replicas)
	replicas >= minimum
}

autoscalers_of(manifest) := [autoscaler |
	some autoscaler in combined.manifests
	combined.kind_of(autoscaler) == "HorizontalPodAutoscaler"
	combined.namespace_of(autoscaler) == combined.namespace_of(manifest)
	autoscaler.spec.scaleTargetRef.kind == manifest.kind
	autoscaler.spec.scaleTargetRef.name == manifest.metadata.name
]
