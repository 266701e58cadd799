# METADATA
# title: Objects have a name of their own
# description: >-
#   What gets its name from the API server (generateName) is another object each time, and nobody can find it again,
#   change it or delete it.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
# custom:
#   id: metadata/name-required
#   severity: medium
#   remedy: Set metadata.name, and remove metadata.generateName.
package library.metadata.name_required

import data.library.lib.values

deny contains {"msg": message, "path": ["metadata"]} if {
	not is_array(object.get(input, "items", null))
	name := object.get(input, ["metadata", "name"], null)
	not is_name(name)
	message := sprintf("metadata.name is %s", [values.shown(name)])
}

deny contains {"msg": message, "path": ["metadata", "generateName"]} if {
	prefix := object.get(input, ["metadata", "generateName"], null)
	prefix != null
	message := sprintf("the name is made anew from %s", [json.marshal(prefix)])
}

is_name(name) if {
	is_string(name)
	name != ""
}
