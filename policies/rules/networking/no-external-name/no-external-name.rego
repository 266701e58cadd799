# METADATA
# title: No Service is another host's name
# description: >-
#   An ExternalName Service leads clients, and some Ingress controllers, to any host, past network policies and
#   certificates.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/services-networking/service/#externalname
# custom:
#   id: networking/no-external-name
#   severity: medium
#   remedy: Let the program call the host by its own name, and allow it in a NetworkPolicy.
#   parameters:
#     allowedExternalNames: Hosts that may be named (array of texts; none).
package library.networking.no_external_name

import data.library.lib.parameters

deny contains message if some message in parameters.wrong({"allowedExternalNames": "array"})

deny contains {"msg": message, "path": ["spec", "externalName"]} if {
	input.kind == "Service"
	names_another(object.get(input, "spec", {}))
	host := object.get(input, ["spec", "externalName"], "")
	not host in parameters.value("allowedExternalNames", [])
	message := sprintf("the Service is a name for %s", [json.marshal(host)])
}

names_another(spec) if spec.type == "ExternalName"

names_another(spec) if not object.get(spec, "externalName", "") in {"", null}
