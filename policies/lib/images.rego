# METADATA
# title: Names of images
# description: Takes the name of an image apart.
package library.lib.images

default_registry := "docker.io"

# Whether the first part of a name is a registry, as container runtimes decide it.
is_registry(part) if contains(part, ".")

is_registry(part) if contains(part, ":")

is_registry("localhost")

# An image's registry, repository, tag and digest; "" for what it does not say, and for a name that is no text.
parse(image) := {"registry": registry, "isRegistryNamed": named, "repository": repository, "tag": tag, "digest": digest} if {
	is_string(image)
	[name, digest] := split_once(image, "@")
	parts := split(name, "/")
	[last, tag] := split_once(parts[count(parts) - 1], ":")
	[registry, named, rest] := registry_of(parts)
	repository := concat("/", array.concat(rest, [last]))
}

parse(image) := {"registry": "", "isRegistryNamed": false, "repository": "", "tag": "", "digest": ""} if not is_string(image)

# What stands before and after the first of a separator.
split_once(text, separator) := [substring(text, 0, index), substring(text, index + 1, -1)] if {
	index := indexof(text, separator)
	index >= 0
} else := [text, ""]

registry_of(parts) := [parts[0], true, array.slice(parts, 1, count(parts) - 1)] if {
	count(parts) > 1
	is_registry(parts[0])
} else := [default_registry, false, array.slice(parts, 0, count(parts) - 1)]

# Whether a digest is one that nobody can move. Without a regular expression: it is asked of every container.
is_digest(text) if {
	some prefix, length in {"sha256:": 71, "sha512:": 135}
	startswith(text, prefix)
	count(text) == length
	trim_left(substring(text, count(prefix), -1), "0123456789abcdef") == ""
}

# The version that a tag names: at most three numbers, a prefix `v` and a suffix apart; undefined for other tags.
version(tag) := parsed if {
	parts := regex.find_all_string_submatch_n(
		`^v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$`,
		tag,
		1,
	)[0]
	parsed := {
		"numbers": [to_number(trim_zeros(part)) | some part in array.slice(parts, 1, 4)],
		"suffix": trim_prefix(parts[4], "-"),
	}
}

trim_zeros(digits) := trimmed if {
	trimmed := trim_left(digits, "0")
	trimmed != ""
} else := "0"
