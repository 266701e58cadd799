# METADATA
# title: Ingresses and Gateways speak TLS
# description: Without TLS everybody on the way reads passwords and sessions.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/services-networking/ingress/#tls
# custom:
#   id: ingress/tls-required
#   severity: high
#   remedy: Add the host to spec.tls with the Secret of its certificate; a Gateway's listener uses HTTPS or TLS.
package library.ingress.tls_required

import data.library.lib.workloads

deny contains {"msg": message, "path": ["spec", "rules", index]} if {
	input.kind == "Ingress"
	some index, rule in object.get(input, ["spec", "rules"], [])
	host := object.get(workloads.as_object(rule), "host", "")
	not is_covered(host)
	message := sprintf("host %s is in no entry of spec.tls", [json.marshal(host)])
}

deny contains {"msg": "the default backend has no entry in spec.tls", "path": ["spec", "defaultBackend"]} if {
	input.kind == "Ingress"
	input.spec.defaultBackend
	count(object.get(input, ["spec", "tls"], [])) == 0
}

deny contains {"msg": message, "path": ["spec", "listeners", index]} if {
	input.kind == "Gateway"
	startswith(input.apiVersion, "gateway.networking.k8s.io/")
	some index, listener in object.get(input, ["spec", "listeners"], [])
	protocol := object.get(workloads.as_object(listener), "protocol", null)
	not protocol in {"HTTPS", "TLS"}
	message := sprintf("listener %v speaks %s", [object.get(listener, "name", index), json.marshal(protocol)])
}

# An entry without hosts is for all of them.
is_covered(host) if {
	some entry in input.spec.tls
	covers(entry, host)
}

covers(entry, host) if host in entry.hosts

covers(entry, host) if {
	parts := split(host, ".")
	concat(".", array.concat(["*"], array.slice(parts, 1, count(parts)))) in entry.hosts
}

covers(entry, _) if count(object.get(entry, "hosts", [])) == 0
