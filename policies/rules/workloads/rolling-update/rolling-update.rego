# METADATA
# title: A rollout does not stop what it replaces
# description: >-
#   Recreate, or a rollout that may make all pods unavailable, is an outage with every revision. OnDelete never rolls
#   out at all.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#strategy
# custom:
#   id: workloads/rolling-update
#   severity: medium
#   remedy: Use RollingUpdate with maxUnavailable below 100 %; what cannot run twice says so by a waiver.
package library.workloads.rolling_update

deny contains {"msg": message, "path": ["spec", field]} if {
	field := {"Deployment": "strategy", "StatefulSet": "updateStrategy", "DaemonSet": "updateStrategy"}[input.kind]
	type := object.get(input, ["spec", field, "type"], "RollingUpdate")
	not type in {"RollingUpdate", null}
	message := sprintf("%s.type is %s", [field, json.marshal(type)])
}

deny contains {"msg": message, "path": ["spec", field, "rollingUpdate", "maxUnavailable"]} if {
	field := {"Deployment": "strategy", "DaemonSet": "updateStrategy"}[input.kind]
	unavailable := object.get(input, ["spec", field, "rollingUpdate", "maxUnavailable"], null)
	takes_all(unavailable)
	message := sprintf("maxUnavailable is %s", [json.marshal(unavailable)])
}

takes_all("100%")

takes_all(unavailable) if {
	input.kind == "Deployment"
	is_number(unavailable)
	unavailable >= object.get(input, ["spec", "replicas"], 1)
	unavailable > 1
}
