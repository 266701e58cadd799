package library.change_safety.freeze_test

import data.library.change_safety.freeze
import data.library.lib.fixtures

freezes := [{"from": "2026-11-27T00:00:00+01:00", "until": "2026-11-30T08:00:00+01:00", "reason": "sale"}]

moment(text) := object.union(
	fixtures.changeset([fixtures.create(fixtures.thing("v1", "ConfigMap", "shop", "a"))]),
	{"changeset": {"evaluatedAtNs": time.parse_rfc3339_ns(text)}},
)

test_before_and_after_are_allowed if {
	every text in ["2026-11-26T22:59:59Z", "2026-11-30T07:00:00Z"] {
		count(freeze.deny) == 0 with input as moment(text) with data.parameters.freezes as freezes
	}
	count(freeze.deny) == 0 with input as moment("2026-11-28T12:00:00Z")
}

test_within_is_denied if {
	every text in ["2026-11-26T23:00:00Z", "2026-11-28T12:00:00Z", "2026-11-30T06:59:59Z"] {
		count(freeze.deny) == 1 with input as moment(text) with data.parameters.freezes as freezes
	}
}

test_a_rollback_is_exempt_unless_the_parameter_says_otherwise if {
	rollback := object.union(moment("2026-11-28T12:00:00Z"), {"changeset": {"trigger": "rollback"}})
	count(freeze.deny) == 0 with input as rollback with data.parameters.freezes as freezes
	count(freeze.deny) == 1 with input as rollback
		with data.parameters as {"freezes": freezes, "exemptTriggers": ["drift"]}
}

test_no_change_is_allowed if {
	quiet := object.union(moment("2026-11-28T12:00:00Z"), {"operations": [{"op": "unchanged"}]})
	count(freeze.deny) == 0 with input as quiet with data.parameters.freezes as freezes
}

test_what_cannot_be_read_is_denied if {
	every wrong in [{"from": "today", "until": "2026-11-30T08:00:00Z"}, {"from": "2026-11-27T00:00:00Z"}, "sale"] {
		count(freeze.deny) == 1 with input as moment("2026-11-28T12:00:00Z") with data.parameters.freezes as [wrong]
	}
	count(freeze.deny) == 1 with input as moment("2026-11-28T12:00:00Z")
		with data.parameters.freezes as [{"from": "2026-11-30T00:00:00Z", "until": "2026-11-27T00:00:00Z"}]
	count(freeze.deny) > 0 with input as moment("2026-11-28T12:00:00Z") with data.parameters.freezes as "sale"
}

test_an_unknown_time_is_denied if {
	some time in [null, "today"]
	unknown := object.union(moment("2026-11-26T12:00:00Z"), {"changeset": {"evaluatedAtNs": time}})
	count(freeze.deny) > 0 with input as unknown with data.parameters.freezes as freezes
	without := {"operations": [{"op": "create"}]}
	count(freeze.deny) > 0 with input as without with data.parameters.freezes as freezes
}
