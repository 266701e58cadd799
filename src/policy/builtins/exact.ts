import { isNumeric, numberText, RegoNumber, RegoObject, type RegoValue } from "../regoValue.ts"
import { type Builtin, BuiltinError, type BuiltinGroup, numeric, text } from "./Builtin.ts"
import { decodeBase64, decodeBase64Url } from "./goBase64.ts"
import { readJson } from "./json.ts"

/** 2^100,000, as a power of ten: OPA takes no number with an exponent beyond it. */
const maximumExponent = 30_103

const isInRange = (value: RegoValue): boolean => {
  if (value instanceof RegoNumber) {
    const [mantissa = "", exponent = "0"] = value.text.toLowerCase().split("e")
    const [whole = "", fraction = ""] = mantissa.replace("-", "").split(".")
    const leading = whole === "0" ? -/^0*/.exec(fraction)![0].length : whole.length
    return /^[-0.]+$/.test(mantissa) || Math.abs(leading + Number(exponent)) <= maximumExponent
  }
  if (Array.isArray(value)) return value.every(isInRange)
  return !(value instanceof RegoObject) || value.entries.every(([, item]) => isInRange(item))
}

const unmarshal = (source: string): RegoValue => {
  const value = readJson(source)
  if (!isInRange(value)) throw new BuiltinError("number too big")
  return value
}

/** Whether the call has a value; false for what is no text. */
const succeeds = (run: (value: string) => unknown): Builtin => (value) => {
  if (typeof value !== "string") return false
  try {
    run(value)
    return true
  } catch (error) {
    if (error instanceof BuiltinError) return false
    throw error
  }
}

const bases = new Set(["2", "8", "10", "16"])

/** The whole part of a number, of any length. */
const whole = (value: RegoValue | undefined): bigint => {
  const number = numeric(value)
  if (!(number instanceof RegoNumber)) return BigInt(number)
  if (!isInRange(number)) throw new BuiltinError("number too big")
  const [, minus, before = "", after = "", exponent = "0"] =
    /^(-?)(\d*)\.?(\d*)(?:[eE]([-+]?\d+))?$/.exec(number.text) ?? []
  const point = before.length + Number(exponent)
  const digits = (before + after).padEnd(point, "0").slice(0, Math.max(point, 0))
  return BigInt(digits === "" ? "0" : digits) * (minus === "-" ? -1n : 1n)
}

const formatInteger = (value: RegoValue | undefined, base: RegoValue | undefined): string => {
  const radix = base !== undefined && isNumeric(base) ? numberText(base) : ""
  if (!bases.has(radix)) throw new BuiltinError("base must be 2, 8, 10 or 16")
  return whole(value).toString(Number(radix))
}

/** What OPA's wasm holds itself but does otherwise than Go: `shim.ts` puts these in its place. */
export const exact: BuiltinGroup = {
  "sluice.base64_decode": (value) => decodeBase64(text(value)).toString("utf8"),
  "sluice.base64_is_valid": succeeds(decodeBase64),
  "sluice.base64url_decode": (value) => decodeBase64Url(text(value)).toString("utf8"),
  "sluice.format_int": formatInteger,
  "sluice.json_is_valid": succeeds(readJson),
  "sluice.json_unmarshal": (value) => unmarshal(text(value))
}
