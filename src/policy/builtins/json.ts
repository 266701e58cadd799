import {
  compareText,
  isArray,
  isNumeric,
  numberFrom,
  numberText,
  RegoNumber,
  RegoObject,
  RegoSet,
  type RegoValue,
  sorted
} from "../regoValue.ts"
import { BuiltinError } from "./Builtin.ts"

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown

const isRegoValue = (value: unknown): value is RegoValue =>
  value === null || typeof value !== "object" || Array.isArray(value) || value instanceof RegoObject ||
  value instanceof RegoNumber

const revive: Reviver = (_key, value, { source }) => {
  if (typeof value === "number") return numberFrom(source ?? String(value))
  if (typeof value === "string") return value.toWellFormed()
  if (isRegoValue(value)) return value
  return new RegoObject(
    Object.entries(value as Record<string, RegoValue>).map(([name, item]) => [name.toWellFormed(), item])
  )
}

/** Reads JSON text as Go does: numbers keep their text, the last of equal keys counts. Throws a `BuiltinError`. */
export const readJson = (text: string): RegoValue => {
  try {
    return JSON.parse(text, revive as (key: string, value: unknown) => unknown) as RegoValue
  } catch {
    throw new BuiltinError("invalid JSON string")
  }
}

/** Go's JSON escapes `<`, `>` and `&` as well. */
const quote = (value: string): string =>
  JSON.stringify(value.toWellFormed()).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

const keyText = (key: RegoValue): string => typeof key === "string" ? key : writeJson(key)

/** Go's `json.Marshal` and, with an indent, `json.MarshalIndent`: keys sorted, sets as sorted arrays, numbers as they are. */
export const writeJson = (value: RegoValue, indent?: string, line = "\n"): string => {
  if (value === null || typeof value === "boolean") return String(value)
  if (typeof value === "string") return quote(value)
  if (isNumeric(value)) return numberText(value)
  const inner = indent === undefined ? line : line + indent
  const list = (open: string, items: ReadonlyArray<string>, close: string) => {
    if (items.length === 0) return open + close
    return indent === undefined
      ? `${open}${items.join(",")}${close}`
      : `${open}${inner}${items.join(`,${inner}`)}${line}${close}`
  }
  if (value instanceof RegoSet || isArray(value)) {
    const items = isArray(value) ? value : sorted(value.items)
    return list("[", items.map((item) => writeJson(item, indent, inner)), "]")
  }
  const colon = indent === undefined ? ":" : ": "
  const entries = value.entries.map(([key, item]) => [keyText(key), item] as const)
    .sort(([a], [b]) => compareText(a, b))
  return list("{", entries.map(([key, item]) => `${quote(key)}${colon}${writeJson(item, indent, inner)}`), "}")
}
