/**
 * Stands in for built-ins of OPA's wasm library (1.22) that differ from Go's: `replace` of an empty text never returns,
 * `concat` joins a set in the order of its hashes, `indexof` finds an empty text.
 */
export const shim = `package sluice.shim

are_empty(old, new) if {
	old == ""
	new == ""
}

replace_text(text, old, new) := text if are_empty(old, new)

replace_text(text, old, new) := strings.replace_n({old: new}, text) if not are_empty(old, new)

concat_sorted(separator, parts) := concat(separator, parts) if is_array(parts)

concat_sorted(separator, parts) := concat(separator, sort(parts)) if is_set(parts)

indexof_text(text, part) := indexof(text, part) if part != ""
`
