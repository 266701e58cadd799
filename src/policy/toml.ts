/** A value of a TOML key, as far as settings need it. */
export type TomlValue = string | boolean | number | ReadonlyArray<string>

const key = /[ \t]*(?:([A-Za-z0-9_-]+)|"([^"\n]*)"|'([^'\n]*)')[ \t]*=[ \t]*/uy
const text = /"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'/uy
const word = /[^\s#,\]]+/uy
const blank = /(?:\s|#[^\n]*)*/uy

/**
 * The keys above the first table of a TOML text, in lower case. Texts, booleans, numbers and lists of texts; anything
 * else is a problem, with its line.
 */
export const readToml = (
  source: string
): { readonly values: ReadonlyMap<string, TomlValue> } | { readonly line: number } => {
  const values = new Map<string, TomlValue>()
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at
    const match = pattern.exec(source)
    if (match !== null) at = pattern.lastIndex
    return match ?? undefined
  }
  const takeText = (): string | undefined => {
    const found = source.startsWith(`"""`, at) || source.startsWith("'''", at) ? undefined : take(text)
    return found === undefined ? undefined : found[2] ?? found[1]!.replace(/\\(.)/gu, "$1")
  }
  const takeList = (): ReadonlyArray<string> | undefined => {
    const items: Array<string> = []
    for (at++;;) {
      take(blank)
      if (source[at] === "]") {
        at++
        return items
      }
      const item = takeText()
      if (item === undefined) return undefined
      items.push(item)
      take(blank)
      if (source[at] === ",") at++
      else if (source[at] !== "]") return undefined
    }
  }
  const takeValue = (): TomlValue | undefined => {
    if (source[at] === "[") return takeList()
    const quoted = takeText()
    if (quoted !== undefined) return quoted
    const plain = take(word)?.[0]
    if (plain === "true" || plain === "false") return plain === "true"
    return plain !== undefined && /^[-+]?[0-9][0-9_.]*$/u.test(plain) ? Number(plain.replaceAll("_", "")) : undefined
  }
  for (take(blank); at < source.length && source[at] !== "["; take(blank)) {
    const start = at
    const name = take(key)
    const value = name === undefined ? undefined : takeValue()
    const isEnded = value !== undefined && /^[ \t]*(?:#[^\n]*)?(?:\r?\n|$)/u.test(source.slice(at))
    if (name === undefined || value === undefined || !isEnded) {
      return { line: source.slice(0, start).split("\n").length }
    }
    values.set((name[1] ?? name[2] ?? name[3]!).toLowerCase(), value)
  }
  return { values }
}
