/** What stands in for a built-in of OPA's wasm library (1.22) that differs from Go's. */
interface StandIn {
  readonly builtin: string
  /** A function of the host, or of `rego`. */
  readonly by: string
  readonly rego?: string
  /** A word that every policy has which calls the built-in; undefined where it always stands in. */
  readonly word?: string
}

const standIns: ReadonlyArray<StandIn> = [
  {
    // Never returns when it looks for an empty text.
    builtin: "replace",
    by: "data.sluice.shim.replace_text",
    rego: `
are_empty(old, new) if {
	old == ""
	new == ""
}

replace_text(text, old, new) := text if are_empty(old, new)

replace_text(text, old, new) := strings.replace_n({old: new}, text) if not are_empty(old, new)
`
  },
  {
    // Joins a set in the order of its hashes.
    builtin: "concat",
    by: "data.sluice.shim.concat_sorted",
    rego: `
concat_sorted(separator, parts) := concat(separator, parts) if is_array(parts)

concat_sorted(separator, parts) := concat(separator, sort(parts)) if is_set(parts)
`
  },
  {
    // Finds an empty text, where Go has an error.
    builtin: "indexof",
    by: "data.sluice.shim.indexof_text",
    rego: `
indexof_text(text, part) := indexof(text, part) if part != ""
`
  },
  {
    // Writes sets in the order of their hashes, and `<`, `>`, `&` as they are.
    builtin: "json.marshal",
    by: "data.sluice.shim.marshal_as_go",
    word: "marshal",
    rego: `
marshal_as_go(value) := json.marshal_with_options(value, {"pretty": false})
`
  },
  // Takes what is no base64, and leaves an empty text undefined.
  { builtin: "base64.decode", by: "sluice.base64_decode", word: "base64" },
  { builtin: "base64.is_valid", by: "sluice.base64_is_valid", word: "base64" },
  { builtin: "base64url.decode", by: "sluice.base64url_decode", word: "base64url" },
  // Takes `01` and `0x1`, knows no end of exponents, and breaks on `null`.
  { builtin: "json.unmarshal", by: "sluice.json_unmarshal", word: "unmarshal" },
  { builtin: "json.is_valid", by: "sluice.json_is_valid", word: "is_valid" },
  // Ends the evaluation where the number is larger than 32 bits.
  { builtin: "format_int", by: "sluice.format_int", word: "format_int" },
  // Does not take an IPv4 address in IPv6's clothes for what it is.
  { builtin: "net.cidr_contains", by: "sluice.cidr_contains", word: "cidr_contains" },
  { builtin: "net.cidr_overlap", by: "sluice.cidr_contains", word: "cidr_overlap" },
  { builtin: "net.cidr_intersects", by: "sluice.cidr_intersects", word: "cidr_intersects" }
]

/** Texts that ask for everything that ever stands in. */
export const everything: ReadonlyArray<string> = standIns.flatMap(({ word }) => word ?? [])

const asked = (texts: ReadonlyArray<string>): ReadonlyArray<StandIn> =>
  standIns.filter(({ word }) => word === undefined || texts.some((text) => text.includes(word)))

/** The package of what stands in for built-ins in policies with these texts. */
export const shim = (texts: ReadonlyArray<string>): string =>
  `package sluice.shim\n\nimport rego.v1\n${asked(texts).map(({ rego }) => rego ?? "").join("")}`

/** The modifiers of the expression that asks the rules, which put them there. */
export const mocks = (texts: ReadonlyArray<string>): string =>
  asked(texts).map(({ builtin, by }) => ` with ${builtin} as ${by}`).join("")
