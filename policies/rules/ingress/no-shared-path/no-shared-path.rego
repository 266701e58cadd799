# METADATA
# title: A host and path are one Ingress's
# description: >-
#   Of two Ingresses for the same host and path the controller takes one, and which may change. Judged over all
#   objects of the delivery at once.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/services-networking/ingress/#ingress-rules
# schemas:
# - input: schema.combined
# custom:
#   id: ingress/no-shared-path
#   severity: high
#   remedy: Give one of the Ingresses another host or another path.
package library.ingress.no_shared_path

import data.library.lib.combined

deny contains combined.result(manifest, message, ["spec", "rules"]) if {
	some key, takers in takers_of
	count(takers) > 1
	some index in takers
	manifest := ingresses[index]
	others := [told(ingresses[other]) | some other in takers; other != index]
	message := sprintf("%s is also taken by %s", [concat("", key), concat(", ", others)])
}

ingresses := [manifest | some manifest in combined.manifests; combined.kind_of(manifest) == "Ingress"]

takers_of[[host, path]] contains index if {
	some index, manifest in ingresses
	some rule in object.get(manifest, ["spec", "rules"], [])
	host := object.get(rule, "host", "*")
	some path in paths(rule)
}

paths(rule) := {object.get(entry, "path", "/") | some entry in rule.http.paths} if rule.http.paths

else := {"/"}

told(manifest) := concat("/", [combined.namespace_of(manifest), combined.name_of(manifest)])
