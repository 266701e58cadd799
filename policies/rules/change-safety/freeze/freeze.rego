# METADATA
# title: Nothing changes in a freeze
# description: Between two times, as over a sale, only what the parameter exempts goes out.
# related_resources:
# - ref: https://datatracker.ietf.org/doc/html/rfc3339
# schemas:
# - input: schema.changeset
# custom:
#   id: change-safety/freeze
#   severity: high
#   remedy: Wait for the end that the message names; or ask for a waiver, which names this policy and ends.
#   parameters:
#     freezes: Freezes, each {from, until, reason} with times as RFC 3339 (array of objects; none).
#     exemptTriggers: Triggers that are not held back (array of texts; rollback and drift).
package library.change_safety.freeze

import data.library.lib.changeset
import data.library.lib.parameters
import data.library.lib.values

deny contains message if some message in parameters.wrong({"freezes": "array", "exemptTriggers": "array"})

freezes := parameters.value("freezes", [])

default now := null

now := input.changeset.evaluatedAtNs

deny contains {"msg": message} if {
	changeset.is_change
	some freeze in freezes
	not is_readable(freeze)
	message := sprintf("data.parameters.freezes has %s, whose times are not RFC 3339", [values.shown(freeze)])
}

deny contains {"msg": message} if {
	changeset.is_change
	not changeset.is_exempt
	some freeze in freezes
	is_on(freeze)
	message := sprintf(
		"nothing changes from %s to %s: %v",
		[freeze.from, freeze.until, object.get(freeze, "reason", "freeze")],
	)
}

deny contains {"msg": "when this would happen is not known"} if {
	count(freezes) > 0
	not is_number(now)
}

is_readable(freeze) if time.parse_rfc3339_ns(freeze.from) < time.parse_rfc3339_ns(freeze.until)

is_on(freeze) if {
	now >= time.parse_rfc3339_ns(freeze.from)
	now < time.parse_rfc3339_ns(freeze.until)
}
