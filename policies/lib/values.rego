# METADATA
# title: Values as messages tell them
# description: JSON, with the keys of objects in order, so that the same finding reads the same wherever it is made.
package library.lib.values

shown(value) := sprintf("%v", [value]) if is_composite(value)

else := "not set" if value == null

else := json.marshal(value)

is_composite(value) if is_object(value)

is_composite(value) if is_array(value)
