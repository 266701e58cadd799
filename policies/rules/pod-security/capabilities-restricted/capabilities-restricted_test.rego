package library.pod_security.capabilities_restricted_test

import data.library.lib.fixtures
import data.library.pod_security.capabilities_restricted

test_all_dropped_is_allowed if {
	count(capabilities_restricted.deny) == 0 with input as fixtures.secure({"capabilities": {"drop": ["ALL"]}})
	count(capabilities_restricted.deny) == 0 with input as fixtures.secure({"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}})
}

test_silence_and_less_are_denied if {
	every capabilities in [{}, {"drop": []}, {"drop": ["NET_RAW"]}, {"drop": ["all"]}, {"drop": "ALL"}] {
		count(capabilities_restricted.deny) == 1 with input as fixtures.secure({"capabilities": capabilities})
	}
	count(capabilities_restricted.deny) == 1 with input as fixtures.secure({})
}

test_more_is_denied if {
	every add in [["CHOWN"], ["NET_BIND_SERVICE", "CHOWN"], "NET_BIND_SERVICE"] {
		count(capabilities_restricted.deny) == 1 with input as fixtures.secure({"capabilities": {"drop": ["ALL"], "add": add}})
	}
}

test_windows_is_exempt if {
	count(capabilities_restricted.deny) == 0 with input as fixtures.pod({"os": {"name": "windows"}, "containers": [{"name": "app"}]})
}
