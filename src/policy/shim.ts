/** Rego that stands in for a built-in of OPA's wasm library (1.22), where that differs from Go's. */
interface StandIn {
  readonly builtin: string
  readonly name: string
  readonly rego: string
  /** A word that every policy has which calls the built-in; undefined where it always stands in. */
  readonly word?: string
}

const standIns: ReadonlyArray<StandIn> = [
  {
    // Never returns when it looks for an empty text.
    builtin: "replace",
    name: "replace_text",
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
    name: "concat_sorted",
    rego: `
concat_sorted(separator, parts) := concat(separator, parts) if is_array(parts)

concat_sorted(separator, parts) := concat(separator, sort(parts)) if is_set(parts)
`
  },
  {
    // Finds an empty text, where Go has an error.
    builtin: "indexof",
    name: "indexof_text",
    rego: `
indexof_text(text, part) := indexof(text, part) if part != ""
`
  },
  {
    // Writes sets in the order of their hashes, and `<`, `>`, `&` as they are.
    builtin: "json.marshal",
    name: "marshal_as_go",
    word: "marshal",
    rego: `
marshal_as_go(value) := json.marshal_with_options(value, {"pretty": false})
`
  },
  {
    // Ends the evaluation where the number is larger than 32 bits; still does where that is written with an exponent.
    builtin: "format_int",
    name: "format_any_int",
    word: "format_int",
    rego: `
is_small(number) if abs(number) < 4294967296

truncated(number) := floor(number) if number >= 0

truncated(number) := ceil(number) if number < 0

digits(number, base) := sprintf({2: "%b", 8: "%o", 10: "%d", 16: "%x"}[base], [truncated(number)])

is_written(number, base) if not startswith(digits(number, base), "%!")

format_any_int(number, base) := format_int(number, base) if is_small(number)

format_any_int(number, base) := digits(number, base) if {
	not is_small(number)
	is_written(number, base)
}

format_any_int(number, base) := format_int(number, base) if {
	not is_small(number)
	not is_written(number, base)
}
`
  }
]

/** Texts that ask for everything that ever stands in. */
export const everything: ReadonlyArray<string> = standIns.flatMap(({ word }) => word ?? [])

const asked = (texts: ReadonlyArray<string>): ReadonlyArray<StandIn> =>
  standIns.filter(({ word }) => word === undefined || texts.some((text) => text.includes(word)))

/** The package of what stands in for built-ins in policies with these texts. */
export const shim = (texts: ReadonlyArray<string>): string =>
  `package sluice.shim\n\nimport rego.v1\n${asked(texts).map(({ rego }) => rego).join("")}`

/** The modifiers of the expression that asks the rules, which put them there. */
export const mocks = (texts: ReadonlyArray<string>): string =>
  asked(texts).map(({ builtin, name }) => ` with ${builtin} as data.sluice.shim.${name}`).join("")
