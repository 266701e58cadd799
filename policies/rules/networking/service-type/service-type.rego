# METADATA
# title: Services stay inside of the cluster
# description: A NodePort or a LoadBalancer is a way in past the Ingress, its TLS and its logs.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/services-networking/service/#publishing-services-service-types
# custom:
#   id: networking/service-type
#   severity: medium
#   remedy: Use a ClusterIP and an Ingress, or ask for the type to be added to allowedServiceTypes.
#   parameters:
#     allowedServiceTypes: Types that Services may have (array of texts; ClusterIP).
package library.networking.service_type

import data.library.lib.parameters

deny contains message if some message in parameters.wrong({"allowedServiceTypes": "array"})

# ExternalName has a rule of its own.
deny contains {"msg": message, "path": ["spec", "type"]} if {
	input.kind == "Service"
	not contains(object.get(input, "apiVersion", ""), "/")
	type := object.get(input, ["spec", "type"], "ClusterIP")
	not type in parameters.value("allowedServiceTypes", ["ClusterIP"])
	not type in {"ExternalName", null}
	message := sprintf("the Service is of the type %s", [json.marshal(type)])
}
