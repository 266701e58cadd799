import * as Rego from "./regoValue.ts"

const numeral = /-?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?/y
const blank = /[ \t\r\n]*/y

/** Reads the text that `opa_value_dump` writes: JSON, and `{1, "a"}` or `set()` for sets. Throws on anything else. */
export const parse = (text: string): Rego.RegoValue => {
  let position = 0
  const fail = (): never => {
    throw new SyntaxError(`not a Rego value at ${position}: ${text.slice(position, position + 20)}`)
  }
  const skip = () => {
    const code = text.charCodeAt(position)
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return
    blank.lastIndex = position
    blank.exec(text)
    position = blank.lastIndex
  }
  const take = (expected: string): boolean => {
    skip()
    if (!text.startsWith(expected, position)) return false
    position += expected.length
    return true
  }
  const readString = (): string => {
    const start = position++
    let isEscaped = false
    for (;; position++) {
      const code = text.charCodeAt(position)
      if (code === 34) break
      if (code === 92) {
        isEscaped = true
        position++
      }
      if (position >= text.length) fail()
    }
    position++
    return isEscaped ? JSON.parse(text.slice(start, position)) as string : text.slice(start + 1, position - 1)
  }
  const readNumber = (): Rego.RegoNumeric => {
    numeral.lastIndex = position
    const match = numeral.exec(text) ?? fail()
    position = numeral.lastIndex
    return Rego.numberFrom(match[0])
  }
  const readList = (close: string, first: Rego.RegoValue): ReadonlyArray<Rego.RegoValue> => {
    const items = [first]
    while (!take(close)) {
      if (!take(",")) fail()
      items.push(read())
    }
    return items
  }
  const readObject = (first: Rego.RegoValue): Rego.RegoObject => {
    const entries: Array<readonly [Rego.RegoValue, Rego.RegoValue]> = [[first, read()]]
    while (!take("}")) {
      if (!take(",")) fail()
      const key = read()
      if (!take(":")) fail()
      entries.push([key, read()])
    }
    return new Rego.RegoObject(entries)
  }
  const read = (): Rego.RegoValue => {
    skip()
    if (text[position] === "\"") return readString()
    if (take("[")) return take("]") ? [] : readList("]", read())
    if (take("{")) {
      if (take("}")) return new Rego.RegoObject([])
      const first = read()
      return take(":") ? readObject(first) : new Rego.RegoSet(readList("}", first))
    }
    if (take("set()")) return new Rego.RegoSet([])
    if (take("true")) return true
    if (take("false")) return false
    if (take("null")) return null
    return readNumber()
  }
  const value = read()
  skip()
  return position === text.length ? value : fail()
}

/** Text for `opa_value_parse`. */
export const emit = (value: Rego.RegoValue): string => {
  if (value === null || typeof value === "boolean") return String(value)
  if (typeof value === "string") return JSON.stringify(value)
  if (Rego.isNumeric(value)) return Rego.numberText(value)
  if (Rego.isArray(value)) return `[${value.map(emit).join(",")}]`
  if (value instanceof Rego.RegoSet) return value.items.length === 0 ? "set()" : `{${value.items.map(emit).join(",")}}`
  return `{${value.entries.map(([key, item]) => `${emit(key)}:${emit(item)}`).join(",")}}`
}

/** Text as Go's `ast.Value.String()` writes it: sorted, spaced, strings quoted as Go quotes them. */
export const show = (value: Rego.RegoValue): string => {
  if (value === null || typeof value === "boolean") return String(value)
  if (typeof value === "string") return quote(value)
  if (Rego.isNumeric(value)) return Rego.numberText(value)
  if (Rego.isArray(value)) return `[${value.map(show).join(", ")}]`
  if (value instanceof Rego.RegoSet) {
    return value.items.length === 0 ? "set()" : `{${Rego.sorted(value.items).map(show).join(", ")}}`
  }
  return `{${Rego.sortedEntries(value).map(([key, item]) => `${show(key)}: ${show(item)}`).join(", ")}}`
}

const escapes: Readonly<Record<string, string>> = {
  "\"": "\\\"",
  "\\": "\\\\",
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v"
}

const printable = /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u

const quoteRune = (rune: string): string => {
  const code = rune.codePointAt(0)!
  if (printable.test(rune)) return rune
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, "0")}`
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\U${code.toString(16).padStart(8, "0")}`
}

/** Go's `strconv.Quote`. */
export const quote = (text: string): string => `"${[...text].map((rune) => escapes[rune] ?? quoteRune(rune)).join("")}"`
