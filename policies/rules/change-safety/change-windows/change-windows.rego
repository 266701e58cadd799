# METADATA
# title: Changes go out when somebody is there
# description: On given weekdays and between given hours of a time zone, and at no other time.
# related_resources:
# - ref: https://www.iana.org/time-zones
# schemas:
# - input: schema.changeset
# custom:
#   id: change-safety/change-windows
#   severity: medium
#   remedy: Wait for the next of the windows in the message; or ask for a waiver, which names this policy and ends.
#   parameters:
#     changeWindows: >-
#       Windows, each {days, from, until, timeZone}: days as Monday, times as 09:00, until up to 24:00, or below from
#       for over midnight (array of objects; any time).
#     exemptTriggers: Triggers that are not held back (array of texts; rollback and drift).
package library.change_safety.change_windows

import data.library.lib.changeset
import data.library.lib.parameters
import data.library.lib.values

deny contains message if some message in parameters.wrong({"changeWindows": "array", "exemptTriggers": "array"})

windows := parameters.value("changeWindows", [])

default now := null

now := input.changeset.evaluatedAtNs

day := ((24 * 60) * 60) * 1000000000

weekdays := {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}

deny contains {"msg": message} if {
	changeset.is_change
	some window in windows
	not is_readable(window)
	message := sprintf("data.parameters.changeWindows has %s, which cannot be read", [values.shown(window)])
}

deny contains {"msg": message} if {
	changeset.is_change
	not changeset.is_exempt
	count(windows) > 0
	count([window | some window in windows; is_open(window)]) == 0
	message := sprintf("changes go out %s", [concat("; or ", [told(window) | some window in windows])])
}

told(window) := sprintf(
	"on %s from %s to %s %s",
	[concat(", ", window.days), window.from, window.until, window.timeZone],
) if {
	is_readable(window)
} else := values.shown(window)

is_readable(window) if {
	count(window.days) > 0
	every named in window.days {
		named in weekdays
	}
	minutes(window.from) != minutes(window.until)
	time.weekday([0, window.timeZone])
}

minutes(text) := (to_number(trim_zero(hour)) * 60) + to_number(trim_zero(minute)) if {
	regex.match(`^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$`, text)
	[hour, minute] := split(text, ":")
}

trim_zero(digits) := "0" if digits == "00"

else := trim_left(digits, "0")

clock(window) := (hour * 60) + minute if [hour, minute, _] := time.clock([now, window.timeZone])

is_open(window) if {
	minutes(window.from) < minutes(window.until)
	time.weekday([now, window.timeZone]) in window.days
	clock(window) >= minutes(window.from)
	clock(window) < minutes(window.until)
}

# Over midnight: the evening of a day, and the morning after it.
is_open(window) if {
	minutes(window.from) > minutes(window.until)
	time.weekday([now, window.timeZone]) in window.days
	clock(window) >= minutes(window.from)
}

is_open(window) if {
	minutes(window.from) > minutes(window.until)
	time.weekday([now - day, window.timeZone]) in window.days
	clock(window) < minutes(window.until)
}
