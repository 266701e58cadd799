import type { RegoValue } from "../regoValue.ts"
import { sprintf } from "../sprintf.ts"
import { array, type Builtin, BuiltinError, type BuiltinGroup, integerOf, members, text } from "./Builtin.ts"

const texts = (value: RegoValue | undefined): ReadonlyArray<string> =>
  typeof value === "string" ? [value] : members(value).map(text)

const anyMatch = (matches: (searched: string, affix: string) => boolean): Builtin => (searched, affixes) => {
  const wanted = texts(affixes)
  return texts(searched).some((one) => wanted.some((affix) => matches(one, affix)))
}

/** Go's `strings.Count`: an empty part is found before every rune and at the end. */
const count = (whole: string, part: string): number =>
  part === "" ? [...whole].length + 1 : whole.split(part).length - 1

const indexes = (whole: string, part: string): ReadonlyArray<number> => {
  if (part === "") throw new BuiltinError("empty search text")
  const runes = [...whole]
  const wanted = [...part]
  return runes.flatMap((_, index) => wanted.every((rune, offset) => runes[index + offset] === rune) ? [index] : [])
}

const splitN = (whole: string, separator: string, wanted: number): ReadonlyArray<string> => {
  const parts = separator === "" ? [...whole] : whole.split(separator)
  return wanted < 0 ? parts.slice(Math.max(parts.length + wanted, 0)) : parts.slice(0, wanted)
}

/** Text: Go's rules for runes and for empty parts. */
export const strings: BuiltinGroup = {
  sprintf: (format, values) => sprintf(text(format), array(values)),
  indexof_n: (whole, part) => indexes(text(whole), text(part)),
  "strings.any_prefix_match": anyMatch((searched, affix) => searched.startsWith(affix)),
  "strings.any_suffix_match": anyMatch((searched, affix) => searched.endsWith(affix)),
  "strings.count": (whole, part) => count(text(whole), text(part)),
  "strings.split_n": (whole, separator, wanted) => splitN(text(whole), text(separator), integerOf(wanted)),
  "glob.quote_meta": (pattern) => text(pattern).replace(/[*?\\[\]{}]/g, "\\$&"),
  trace: () => true
}
