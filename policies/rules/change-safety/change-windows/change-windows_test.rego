package library.change_safety.change_windows_test

import data.library.change_safety.change_windows
import data.library.lib.fixtures

office := {"days": ["Monday", "Thursday"], "from": "09:00", "until": "16:30", "timeZone": "Europe/Berlin"}

night := {"days": ["Friday"], "from": "22:00", "until": "04:00", "timeZone": "America/New_York"}

moment(text) := object.union(
	fixtures.changeset([fixtures.create(fixtures.thing("v1", "ConfigMap", "shop", "a"))]),
	{"changeset": {"evaluatedAtNs": time.parse_rfc3339_ns(text)}},
)

# 26 November 2026 is a Thursday; Berlin is an hour before UTC then, and two in summer.
test_within_is_allowed if {
	every text in ["2026-11-26T08:00:00Z", "2026-11-26T15:29:59Z", "2026-07-02T07:00:00Z"] {
		count(change_windows.deny) == 0 with input as moment(text) with data.parameters.changeWindows as [office]
	}
}

test_outside_is_denied if {
	every text in ["2026-11-26T07:59:59Z", "2026-11-26T15:30:00Z", "2026-11-27T10:00:00Z", "2026-07-02T14:30:00Z"] {
		some violation in change_windows.deny with input as moment(text) with data.parameters.changeWindows as [office]
		violation.msg == "changes go out on Monday, Thursday from 09:00 to 16:30 Europe/Berlin"
	}
}

test_a_night_goes_over_midnight if {
	every text in ["2026-11-28T03:00:00Z", "2026-11-28T08:59:00Z"] {
		count(change_windows.deny) == 0 with input as moment(text) with data.parameters.changeWindows as [night]
	}
	every text in ["2026-11-28T02:59:00Z", "2026-11-28T09:00:00Z", "2026-11-29T03:00:00Z"] {
		count(change_windows.deny) == 1 with input as moment(text) with data.parameters.changeWindows as [night]
	}
}

test_one_of_several_is_enough if {
	count(change_windows.deny) == 0 with input as moment("2026-11-26T08:00:00Z") with data.parameters.changeWindows as [night, office]
}

test_without_windows_any_time_is_allowed if {
	count(change_windows.deny) == 0 with input as moment("2026-11-28T12:00:00Z")
}

test_a_rollback_is_exempt if {
	rollback := object.union(moment("2026-11-28T12:00:00Z"), {"changeset": {"trigger": "rollback"}})
	count(change_windows.deny) == 0 with input as rollback with data.parameters.changeWindows as [office]
}

test_what_cannot_be_read_is_denied_and_is_no_window if {
	every wrong in [
		{"days": ["Someday"]},
		{"days": []},
		{"timeZone": "Europe/Atlantis"},
		{"from": "9:00"},
		{"until": "25:00"},
		{"until": "09:00"},
	] {
		count(change_windows.deny) == 2 with input as moment("2026-11-28T12:00:00Z")
			with data.parameters.changeWindows as [object.union(office, wrong)]
	}
	count(change_windows.deny) > 0 with input as moment("2026-11-28T12:00:00Z") with data.parameters.changeWindows as [{}]
}

test_an_unknown_time_is_outside if {
	unknown := object.union(moment("2026-11-26T08:00:00Z"), {"changeset": {"evaluatedAtNs": null}})
	count(change_windows.deny) == 1 with input as unknown with data.parameters.changeWindows as [office]
}
