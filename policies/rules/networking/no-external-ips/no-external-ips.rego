# METADATA
# title: No Service takes an address of others
# description: externalIPs take traffic for any address inside of the cluster, whoever it belongs to (CVE-2020-8554).
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/services-networking/service/#external-ips
# custom:
#   id: networking/no-external-ips
#   severity: high
#   remedy: Remove spec.externalIPs; a LoadBalancer or an Ingress gives an address that is yours.
package library.networking.no_external_ips

deny contains {"msg": message, "path": ["spec", "externalIPs"]} if {
	input.kind == "Service"
	addresses := object.get(input, ["spec", "externalIPs"], null)
	not addresses in [[], null]
	message := sprintf("the Service takes the addresses %s", [json.marshal(addresses)])
}
