# METADATA
# title: Ingress rules name their host
# description: >-
#   A rule without a host takes the requests for every host that no other rule takes, also those of other teams.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/services-networking/ingress/#ingress-rules
# custom:
#   id: ingress/host-required
#   severity: medium
#   remedy: Set host in the rule, or hostnames in the HTTPRoute.
package library.ingress.host_required

import data.library.lib.workloads

deny contains {"msg": message, "path": ["spec", "rules", index]} if {
	input.kind == "Ingress"
	some index, rule in object.get(input, ["spec", "rules"], [])
	host := object.get(workloads.as_object(rule), "host", "")
	not is_name(host)
	message := sprintf("rule %v names no host", [index])
}

deny contains {"msg": "the default backend takes requests for every host", "path": ["spec", "defaultBackend"]} if {
	input.kind == "Ingress"
	input.spec.defaultBackend
}

deny contains {"msg": "the route takes requests for every host", "path": ["spec"]} if {
	input.kind == "HTTPRoute"
	count(object.get(input, ["spec", "hostnames"], [])) == 0
}

is_name(host) if {
	is_string(host)
	host != ""
}
