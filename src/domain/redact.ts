import * as Context from "effect/Context"

/** What stands where a secret stood. */
export const veil = "(redacted)"

/** Shorter values would tear holes into ordinary text and are no secrets worth the name. */
const shortest = 6
const most = 2_000

/** The ways in which a value shows up in text: as it is, in a URL, in JSON, in a Secret's YAML. */
const spellings = (value: string): ReadonlyArray<string> => [
  value,
  value.trim(),
  encodeURIComponent(value.toWellFormed()),
  JSON.stringify(value).slice(1, -1),
  Buffer.from(value).toString("base64"),
  Buffer.from(value).toString("base64").replace(/=+$/u, "")
]

const expression = (values: Iterable<string>): RegExp | undefined => {
  const texts = new Set([...values].filter((value) => value.trim().length >= shortest).flatMap(spellings))
  if (texts.size === 0) return undefined
  // The longest first: a value may contain another.
  return new RegExp([...texts].sort((a, b) => b.length - a.length).map(RegExp.escape).join("|"), "gu")
}

/** The text with every given value, in each of its usual spellings, replaced by `(redacted)`. */
export const redact = (text: string, values: Iterable<string>): string => {
  const found = expression(values)
  return found === undefined ? text : text.replace(found, veil)
}

/** The secrets that this process has used: the last redactor before every sink. */
export class RedactedValues {
  readonly #values = new Set<string>()
  #expression: RegExp | undefined

  /** From now on this value is redacted. At most 2,000 are remembered; the oldest are forgotten first. */
  add(value: string): void {
    if (this.#values.has(value) || value.trim().length < shortest) return
    if (this.#values.size >= most) this.#values.delete(this.#values.values().next().value!)
    this.#values.add(value)
    this.#expression = undefined
  }

  redact(text: string): string {
    if (this.#values.size === 0) return text
    this.#expression ??= expression(this.#values)
    return this.#expression === undefined ? text : text.replace(this.#expression, veil)
  }
}

/** One set for the process, unless a test provides its own. */
export const Redactions = Context.Reference<RedactedValues>("sluice/domain/Redactions", {
  defaultValue: () => new RedactedValues()
})
