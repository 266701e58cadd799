import type { Json } from "../domain/Json.ts"
import {
  compareText,
  isArray,
  isNumeric,
  numberText,
  RegoNumber,
  RegoObject,
  RegoSet,
  type RegoValue,
  sorted
} from "./regoValue.ts"

/** What OPA's REST API makes of a value: sets as sorted arrays, keys as text. Integers over 2^53 become text, not wrong. */
export const plain = (value: RegoValue): Json => {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value
  if (typeof value === "bigint") return numberText(value)
  if (value instanceof RegoNumber) return value.value
  if (isNumeric(value)) return value
  if (isArray(value)) return value.map(plain)
  if (value instanceof RegoSet) return sorted(value.items).map(plain)
  return Object.fromEntries(
    value.entries
      .map((
        [key, item]
      ): readonly [string, Json] => [typeof key === "string" ? key : JSON.stringify(plain(key)), plain(item)])
      .sort(([a], [b]) => compareText(a, b))
  )
}

/** The value that JSON text or a JavaScript value of JSON's types says. */
export const fromJson = (value: Json): RegoValue => {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value
  if (typeof value === "number") return Number.isSafeInteger(value) ? value : new RegoNumber(String(value))
  if (Array.isArray(value)) return (value as ReadonlyArray<Json>).map(fromJson)
  return new RegoObject(Object.entries(value).map(([key, item]) => [key, fromJson(item)]))
}
