# METADATA
# title: What the people who choose the policies set
# description: Reads data.parameters. A value of the wrong type is told, never passed over.
package library.lib.parameters

import data.library.lib.values

default all := {}

all := data.parameters if is_object(data.parameters)

# A parameter, or the policy's own default where it is not set.
value(name, fallback) := found if {
	found := object.get(all, name, null)
	found != null
} else := fallback

# What is wrong with the parameters that are set; `types` has each one's type by its name, as `type_name` spells it.
wrong(types) := {message |
	some name, type in types
	found := object.get(all, name, null)
	found != null
	type_name(found) != type
	message := sprintf("data.parameters.%s is %s, which is no %s", [name, values.shown(found), type])
}

# Parameters that are objects rather than one value: what is wrong with one of their fields.
wrong_field(name, fields) := {message |
	some field, type in fields
	found := object.get(all, [name, field], null)
	found != null
	type_name(found) != type
	message := sprintf("data.parameters.%s.%s is %s, which is no %s", [name, field, values.shown(found), type])
}
