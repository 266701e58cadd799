# METADATA
# title: All objects at once
# description: Reads conftest's --combine shape, in which an object can be judged by what stands beside it.
# schemas:
# - input: schema.combined
package library.lib.combined

import data.library.lib.workloads

manifests := [manifest | some entry in input; manifest := object.get(entry, "contents", null); is_object(manifest)]

namespace_of(manifest) := namespace if {
	namespace := object.get(manifest, ["metadata", "namespace"], "")
	is_string(namespace)
} else := ""

name_of(manifest) := name if {
	name := object.get(manifest, ["metadata", "name"], "")
	is_string(name)
} else := ""

kind_of(manifest) := object.get(manifest, "kind", "")

# Which object a result is about.
reference(manifest) := {
	"apiVersion": object.get(manifest, "apiVersion", ""),
	"kind": kind_of(manifest),
	"namespace": namespace_of(manifest),
	"name": name_of(manifest),
}

labels_of(manifest, path) := labels if {
	labels := object.get(manifest, array.concat(path, ["labels"]), {})
	is_object(labels)
} else := {}

pod_labels(manifest) := labels_of(manifest, array.concat(workloads.template_path_of(manifest), ["metadata"]))

# Whether a label selector takes something with these labels; an empty one takes everything, a missing one nothing.
selects(selector, labels) if {
	is_object(selector)
	every key, value in matched(selector) {
		labels[key] == value
	}
	every expression in expressions(selector) {
		fits(expression, labels)
	}
}

matched(selector) := pairs if {
	pairs := object.get(selector, "matchLabels", null)
	is_object(pairs)
} else := {}

expressions(selector) := list if {
	list := object.get(selector, "matchExpressions", null)
	is_array(list)
} else := []

fits(expression, labels) if {
	expression.operator == "In"
	labels[expression.key] in expression.values
}

fits(expression, labels) if {
	expression.operator == "NotIn"
	not object.get(labels, expression.key, null) in expression.values
}

fits(expression, labels) if {
	expression.operator == "Exists"
	expression.key in object.keys(labels)
}

fits(expression, labels) if {
	expression.operator == "DoesNotExist"
	not expression.key in object.keys(labels)
}

# A result about one of the objects: its name stands in the message, and its file where that is known.
result(manifest, message, path) := object.union(
	{
		"msg": sprintf("%v %s: %s", [kind_of(manifest), name_with_namespace(manifest), message]),
		"object": reference(manifest),
		"path": path,
	},
	location_of(manifest),
)

name_with_namespace(manifest) := concat("/", [part | some part in [namespace_of(manifest), name_of(manifest)]; part != ""])

location_of(manifest) := {"_loc": {"file": files[0]}} if {
	files := [entry.path | some entry in input; entry.contents == manifest; is_string(entry.path)]
	count(files) > 0
} else := {}
