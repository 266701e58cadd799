# METADATA
# title: Kubernetes' quantities as numbers
# description: Exact values of `100m`, `64Mi`, `1e3` or a plain number; undefined for what Kubernetes does not take.
package library.lib.quantities

# Divided by, so that no digit is lost.
divisors := {"n": 1000000000, "u": 1000000, "m": 1000}

factors := {
	"": 1,
	"k": 1000,
	"M": 1000000,
	"G": 1000000000,
	"T": 1000000000000,
	"P": 1000000000000000,
	"E": 1000000000000000000,
	"Ki": 1024,
	"Mi": 1048576,
	"Gi": 1073741824,
	"Ti": 1099511627776,
	"Pi": 1125899906842624,
	"Ei": 1152921504606846976,
}

number(quantity) := quantity if is_number(quantity)

number(quantity) := value if {
	is_string(quantity)
	parts := regex.find_all_string_submatch_n(`^\+?([0-9]+\.?[0-9]*|\.[0-9]+)([numkMGTPE]|[KMGTPE]i)?$`, quantity, 1)[0]
	digits := to_number(concat("", ["0", trim_suffix(parts[1], ".")]))
	value := scaled(digits, parts[2])
}

number(quantity) := value if {
	is_string(quantity)
	regex.match(`^[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]{1,2}$`, quantity)
	value := to_number(quantity)
}

scaled(digits, suffix) := digits * factors[suffix]

scaled(digits, suffix) := digits / divisors[suffix]
