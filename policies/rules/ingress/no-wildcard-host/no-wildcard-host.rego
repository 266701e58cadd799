# METADATA
# title: No Ingress takes all hosts of a domain
# description: A wildcard also takes the names that others will use.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/services-networking/ingress/#hostname-wildcards
# custom:
#   id: ingress/no-wildcard-host
#   severity: medium
#   remedy: Write one rule for each host.
#   parameters:
#     allowedWildcardHosts: Wildcards that may be used, as *.preview.example.com (array of texts; none).
package library.ingress.no_wildcard_host

import data.library.lib.parameters

deny contains message if some message in parameters.wrong({"allowedWildcardHosts": "array"})

deny contains {"msg": message, "path": path} if {
	some [host, path] in hosts
	contains(host, "*")
	not host in parameters.value("allowedWildcardHosts", [])
	message := sprintf("host %s takes every name below it", [host])
}

hosts contains [host, ["spec", "rules", index, "host"]] if {
	input.kind == "Ingress"
	host := input.spec.rules[index].host
}

hosts contains [host, ["spec", "hostnames", index]] if {
	input.kind in {"HTTPRoute", "TLSRoute", "GRPCRoute"}
	host := input.spec.hostnames[index]
}

hosts contains [host, ["spec", "listeners", index, "hostname"]] if {
	input.kind == "Gateway"
	host := input.spec.listeners[index].hostname
}
