# METADATA
# title: Texts that may hold a credential
# description: Finds values of ConfigMaps, environments, command lines and annotations, and tells what looks like a secret.
package library.lib.texts

import data.library.lib.workloads

config := array.concat(
	[text |
		input.kind == "ConfigMap"
		some key, value in object.get(input, "data", {})
		is_string(value)
		text := {"is": concat("", ["key ", key]), "key": key, "value": value, "path": ["data", key]}
	],
	[text |
		input.kind == "ConfigMap"
		some key, value in object.get(input, "binaryData", {})
		text := {"is": concat("", ["key ", key]), "key": key, "value": decoded(value), "path": ["binaryData", key]}
	],
)

decoded(value) := base64.decode(value) if base64.is_valid(value)

else := value

# Environments and command lines of containers.
given := array.concat(
	[text |
		some container in workloads.containers
		some index, variable in container.spec.env
		is_string(variable.value)
		key := object.get(variable, "name", "")
		text := {
			"is": sprintf("%s: variable %v", [container.is, key]),
			"key": key,
			"value": variable.value,
			"path": array.concat(container.path, ["env", index, "value"]),
		}
	],
	[text |
		some container in workloads.containers
		some field in ["command", "args"]
		some index, value in container.spec[field]
		is_string(value)
		text := {
			"is": sprintf("%s: %s", [container.is, field]),
			"key": "",
			"value": value,
			"path": array.concat(container.path, [field, index]),
		}
	],
)

annotations := [text |
	some key, value in object.get(input, ["metadata", "annotations"], {})
	is_string(value)
	text := {"is": concat("", ["annotation ", key]), "key": key, "value": value, "path": ["metadata", "annotations", key]}
]

words := `(?:passw(?:or)?d|passphrase|secret|token|api[-_.]?key|access[-_.]?key|private[-_.]?key|client[-_.]?key|credential)s?`

# A key that names a credential, and not something about one (its file, its name, how long it lasts).
key_pattern := concat("", [`(?i)`, words, `$`])

# A line of a file that gives such a key a value: not a reference and not a placeholder.
line_pattern := concat("", [`(?im)(?:^|[\s,{])(?:--)?["']?[\w.-]*`, words, `["']?\s*[:=]\s*["']?[^\s"'$<{%*/|>\[][^\s"']{3,}`])

# Formats that are credentials wherever they stand.
format_pattern := concat("|", [
	`\b(?:AKIA|ASIA)[0-9A-Z]{16}\b`,
	`\bgh[pousr]_[0-9A-Za-z]{36}`,
	`\bgithub_pat_[0-9A-Za-z_]{40}`,
	`\bglpat-[0-9A-Za-z_-]{20}`,
	`\bxox[abeoprs]-[0-9A-Za-z-]{10}`,
	`\bAIza[0-9A-Za-z_-]{35}`,
	`\b[rs]k_live_[0-9A-Za-z]{20}`,
	`\bnpm_[0-9A-Za-z]{36}`,
	`\beyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}\.`,
	`\b[a-z][a-z0-9+.-]*://[^\s/:@$]*:[^\s/:@$]{3,}@`,
])

# One of these is in every match of the patterns: most texts have none, and are never held against them.
key_hints := ["pass", "secret", "token", "key", "credential"]

format_hints := ["AKIA", "ASIA", "gh", "glpat-", "xox", "AIza", "k_live_", "npm_", "eyJ", "://"]

private_key_hints := ["PRIVATE KEY-----", "LS0tLS1CRUdJTi"]

hints_at(text, hints) if {
	some hint in hints
	contains(text, hint)
}

# What a text reveals; undefined for one that reveals nothing. The value itself is never told.
reveals(text) := "looks like a credential by its name" if {
	count(text.value) > 3
	hints_at(lower(text.key), key_hints)
	regex.match(key_pattern, text.key)
	not regex.match(`^\s*(?:\$[({]|\{\{|<)|^(?i:true|false|none|null)$|^/`, text.value)
} else := "holds a credential in a known format" if {
	hints_at(text.value, format_hints)
	regex.match(format_pattern, text.value)
} else := "sets a credential" if {
	hints_at(lower(text.value), key_hints)
	regex.match(line_pattern, text.value)
}

private_key_pattern := concat("|", [
	`-----BEGIN [A-Z ]*PRIVATE KEY-----`,
	# The same as base64: of PRIVATE KEY, RSA, EC, OPENSSH, ENCRYPTED and DSA.
	`LS0tLS1CRUdJTiBQUklWQVRF`,
	`LS0tLS1CRUdJTiBSU0EgUFJJVkFURS`,
	`LS0tLS1CRUdJTiBFQyBQUklWQVRF`,
	`LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZBVEUg`,
	`LS0tLS1CRUdJTiBFTkNSWVBURUQgUFJJVkFURS`,
	`LS0tLS1CRUdJTiBEU0EgUFJJVkFURS`,
])

is_private_key(value) if {
	hints_at(value, private_key_hints)
	regex.match(private_key_pattern, value)
}
