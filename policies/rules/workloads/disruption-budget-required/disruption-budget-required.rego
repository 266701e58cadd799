# METADATA
# title: What runs more than once has a PodDisruptionBudget
# description: >-
#   Without one a drain may take all replicas at the same time. Judged over all objects of the delivery at once.
# related_resources:
# - ref: https://kubernetes.io/docs/tasks/run-application/configure-pdb/
# schemas:
# - input: schema.combined
# custom:
#   id: workloads/disruption-budget-required
#   severity: medium
#   remedy: Add a PodDisruptionBudget whose selector takes the pods, with maxUnavailable 1.
package library.workloads.disruption_budget_required

import data.library.lib.combined

deny contains combined.result(manifest, message, ["spec"]) if {
	some manifest in combined.manifests
	combined.kind_of(manifest) in {"Deployment", "StatefulSet"}
	not runs_once(manifest)
	not has_budget(manifest)
	message := "no PodDisruptionBudget takes its pods"
}

deny contains combined.result(budget, message, ["spec"]) if {
	some budget in budgets
	blocks(budget)
	message := "it never lets a pod go, so that no node can be drained"
}

# One that says so: a missing number may be an autoscaler's.
runs_once(manifest) if object.get(manifest, ["spec", "replicas"], null) in {0, 1}

budgets := [budget | some budget in combined.manifests; combined.kind_of(budget) == "PodDisruptionBudget"]

has_budget(manifest) if {
	some budget in budgets
	combined.namespace_of(budget) == combined.namespace_of(manifest)
	combined.selects(object.get(budget, ["spec", "selector"], null), combined.pod_labels(manifest))
}

blocks(budget) if object.get(budget, ["spec", "maxUnavailable"], null) in {0, "0%"}

blocks(budget) if object.get(budget, ["spec", "minAvailable"], null) == "100%"
