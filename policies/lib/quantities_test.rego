package library.lib.quantities_test

import data.library.lib.quantities

test_quantities_are_numbers if {
	every text, value in {
		"100m": 0.1,
		"1500m": 1.5,
		"64Mi": 67108864,
		"1G": 1000000000,
		"1e3": 1000,
		"12E2": 1200,
		"1E": 1000000000000000000,
		"134217728": 134217728,
		".5": 0.5,
		"5.": 5,
		"+5": 5,
		"1n": 0.000000001,
	} {
		quantities.billionths(text) == value * 1000000000
	}
	quantities.billionths(134217728) == 134217728000000000
	quantities.billionths(0.1) == quantities.billionths("100m")
	quantities.billionths("10m") * 10 == quantities.billionths("100m")
}

test_others_are_none if {
	every text in ["", ".", "x", "64MB", "64 Mi", "1.2.3", "E", "-1", "1e", "1e400", "0x10", true, null, [], {}] {
		not quantities.billionths(text)
	}
}
