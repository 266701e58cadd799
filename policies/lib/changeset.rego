# METADATA
# title: What a changeset does
# description: >-
#   Sorts operations, and reads old and new objects without ever taking a missing one for a harmless one.
# schemas:
# - input: schema.changeset
package library.lib.changeset

import data.library.lib.parameters
import data.library.lib.workloads

# What an operation does to the object that was there. Whatever is not known to keep it counts as its end.
keeps := {"create", "update", "unchanged"}

removals := [operation | some operation in input.operations; not op_of(operation) in keeps]

deletions := [operation | some operation in removals; op_of(operation) != "replace"]

op_of(operation) := object.get(operation, "op", "")

# Operations that leave an object behind that was not there like this before.
arrivals := [operation | some operation in input.operations; operation.op in {"create", "update", "replace"}]

# Operations on an object that stays, in place or as its own successor: what it was can be compared with what it would
# be. Not in a heal: there it was what somebody made of it, and would be what was admitted. A rule that held the heal
# back would keep the work of whoever went past the gate.
changes := [operation |
	not is_heal
	some operation in input.operations
	operation.op in {"update", "replace"}
]

is_heal if input.changeset.trigger == "drift"

existing := [operation | some operation in input.operations; op_of(operation) != "create"]

is_kind(operation, group, kind) if {
	object.get(operation, ["gvk", "group"], "") == group
	object.get(operation, ["gvk", "kind"], "") == kind
}

# `Deployment shop/web`, as messages name an object.
name(operation) := concat(" ", [kind, concat("/", [part | some part in [namespace, called]; part != ""])]) if {
	kind := told(object.get(operation, ["gvk", "kind"], "object"))
	namespace := told(object.get(operation, "namespace", ""))
	called := told(object.get(operation, "name", "without a name"))
}

told(value) := value if is_string(value)

else := json.marshal(value)

# `deletes` or `replaces`, with what that means.
verb(operation) := "deletes and creates anew" if operation.op == "replace"

else := "deletes"

object_of(operation) := workloads.as_object(object.get(operation, "object", {}))

old_of(operation) := workloads.as_object(object.get(operation, "oldObject", {}))

annotation(manifest, key) := value if {
	value := object.get(manifest, ["metadata", "annotations", key], "")
	is_string(value)
} else := ""

# Whether the object that is there consents to its end. Only the old object counts: whoever deletes an object says it in
# one revision and does it in a later one. An unknown old object consents to nothing.
allows_deletion(operation) if annotation(old_of(operation), "sluice.dev/allow-delete") == "true"

allows_replacement(operation) if annotation(old_of(operation), "sluice.dev/allow-replace") == "true"

allows_replacement(operation) if allows_deletion(operation)

# Endings of the given kinds (`[group, kind]`) without consent.
unwanted(kinds) := [operation |
	some operation in removals
	kind_of(operation) in kinds
	not consents(operation)
]

consents(operation) if {
	operation.op == "replace"
	allows_replacement(operation)
}

consents(operation) if {
	op_of(operation) != "replace"
	allows_deletion(operation)
}

# What to add to a message about an end for which the old object cannot be read.
doubt(operation) := " (what is there now is not known)" if old_of(operation) == {}

else := ""

# Containers of the old and of the new object that have the same name in the same list.
paired(operation) := [[before, after] |
	some before in workloads.containers_of(old_of(operation))
	some after in workloads.containers_of(object_of(operation))
	before.is == after.is
]

number_of(manifest, path, fallback) := value if {
	value := object.get(manifest, path, null)
	is_number(value)
} else := fallback if {
	object.get(manifest, path, null) == null
}

# Whether anything would change at all.
is_change if {
	some operation in input.operations
	op_of(operation) != "unchanged"
}

# Whether this is not a new wish: an old revision again, or what was admitted before being put back.
is_exempt if input.changeset.trigger in parameters.value("exemptTriggers", ["rollback", "drift"])

# Whether the commit is signed by somebody who is trusted.
is_signed if object.get(input, ["changeset", "source", "signature", "verified"], false) == true

# Whether the commit takes another one back, as `git revert` writes it.
is_revert if contains(object.get(input, ["changeset", "source", "message"], ""), "This reverts commit ")

# Kinds that make pods, by their group.
workload_kinds := {
	["apps", "Deployment"],
	["apps", "StatefulSet"],
	["apps", "DaemonSet"],
	["apps", "ReplicaSet"],
	["batch", "Job"],
	["batch", "CronJob"],
	["", "Pod"],
	["", "ReplicationController"],
}

kind_of(operation) := [object.get(operation, ["gvk", "group"], ""), object.get(operation, ["gvk", "kind"], "")]
