# METADATA
# title: Kubernetes' quantities as numbers
# description: >-
#   Billionths of `100m`, `64Mi`, `1e3` or a plain number, so that no digit is lost; undefined for what Kubernetes does not
#   take, and for what is less than nothing.
package library.lib.quantities

factors := {
	"n": 1,
	"u": 1000,
	"m": 1000000,
	"": 1000000000,
	"k": 1000000000000,
	"M": 1000000000000000,
	"G": 1000000000000000000,
	"T": 1000000000000000000000,
	"P": 1000000000000000000000000,
	"E": 1000000000000000000000000000,
	"Ki": 1024000000000,
	"Mi": 1048576000000000,
	"Gi": 1073741824000000000,
	"Ti": 1099511627776000000000,
	"Pi": 1125899906842624000000000,
	"Ei": 1152921504606846976000000000,
}

powers := [1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000]

billionths(quantity) := number(json.marshal(quantity)) if is_number(quantity)

billionths(quantity) := number(quantity) if is_string(quantity)

number(quantity) := value if {
	unsigned := trim_prefix(quantity, "+")
	suffix := trim_left(unsigned, "0123456789.")
	[whole, decimals] := parts(substring(unsigned, 0, count(unsigned) - count(suffix)))
	value := (digits(concat("", [whole, decimals])) * factors[suffix]) / powers[count(decimals)]
}

number(quantity) := value if {
	regex.match(`^[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]{1,2}$`, quantity)
	value := to_number(quantity) * factors[""]
}

parts(decimal) := [decimal, ""] if {
	decimal != ""
	not contains(decimal, ".")
}

parts(decimal) := [whole, decimals] if {
	decimal != "."
	[whole, decimals] := split(decimal, ".")
}

# Leading zeros are no JSON.
digits(text) := to_number(trimmed) if {
	trimmed := trim_left(text, "0")
	trimmed != ""
} else := 0
