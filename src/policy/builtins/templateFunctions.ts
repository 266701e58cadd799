import { formatFloat } from "../goFloat.ts"
import { compareText, isArray, isNumeric, numberText, RegoNumber, RegoSet, type RegoValue } from "../regoValue.ts"
import { sprintf } from "../sprintf.ts"
import { BuiltinError, LimitError } from "./Builtin.ts"

/**
 * A value in a template. Numbers of Rego are Go's `json.Number` there, a kind of text; `Int` and `Float` are the
 * template's own. Undefined is what a missing key gives.
 */
export type Value =
  | undefined
  | null
  | boolean
  | string
  | Int
  | Float
  | Numeral
  | ReadonlyArray<Value>
  | ReadonlyMap<string, Value>

export class Int {
  readonly value: bigint
  constructor(value: bigint) {
    this.value = value
  }
}

export class Float {
  readonly value: number
  constructor(value: number) {
    this.value = value
  }
}

export class Numeral {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

const fail = (why: string): never => {
  throw new BuiltinError(`template: ${why}`)
}

const isList = (value: Value): value is ReadonlyArray<Value> => Array.isArray(value)

/** The value that a template sees; OPA hands over no sets. */
export const valueOf = (value: RegoValue): Value => {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value
  if (isNumeric(value)) return new Numeral(numberText(value))
  if (isArray(value)) return value.map(valueOf)
  if (value instanceof RegoSet) return fail("sets cannot be rendered")
  return new Map(
    value.entries.map(([key, item]) => [typeof key === "string" ? key : fail("keys have to be text"), valueOf(item)])
  )
}

export const sortedKeys = (map: ReadonlyMap<string, Value>): ReadonlyArray<string> => [...map.keys()].sort(compareText)

export const isTrue = (value: Value): boolean => {
  if (value === undefined || value === null) return false
  if (typeof value === "boolean") return value
  if (value instanceof Int || value instanceof Float) return Number(value.value) !== 0
  if (value instanceof Numeral) return true
  return value instanceof Map ? value.size > 0 : (value as string | ReadonlyArray<Value>).length > 0
}

const textOf = (value: Value): string | undefined =>
  typeof value === "string" ? value : value instanceof Numeral ? value.text : undefined

/** Go's `%v`. */
export const show = (value: Value): string => {
  if (value === undefined || value === null) return "<nil>"
  if (typeof value === "boolean") return String(value)
  if (value instanceof Int) return String(value.value)
  if (value instanceof Float) return (value.value < 0 ? "-" : "") + formatFloat(Math.abs(value.value), "g", -1)
  if (isList(value)) return `[${value.map(show).join(" ")}]`
  if (value instanceof Map) return `map[${sortedKeys(value).map((key) => `${key}:${show(value.get(key))}`).join(" ")}]`
  return textOf(value)!
}

/** What `{{.x}}` prints. OPA writes `<undefined>` for Go's `<no value>`. */
export const printed = (value: Value): string => value === undefined || value === null ? "<undefined>" : show(value)

const sprint = (values: ReadonlyArray<Value>): string =>
  values.map((value, index) => {
    const isSpaced = index > 0 && textOf(value) === undefined && textOf(values[index - 1]) === undefined
    return (isSpaced ? " " : "") + show(value)
  }).join("")

const format = (values: ReadonlyArray<Value>): string => {
  const [first, ...rest] = values
  const pattern = textOf(first) ?? fail("printf needs a format")
  return sprintf(
    pattern,
    rest.map((value): RegoValue => {
      if (value instanceof Int) return value.value
      return value instanceof Float
        ? new RegoNumber(String(value.value))
        : typeof value === "boolean"
        ? value
        : show(value)
    })
  )
}

type Kind = "bool" | "text" | "int" | "float" | "other"

const kindOf = (value: Value): Kind => {
  if (typeof value === "boolean") return "bool"
  if (value instanceof Int) return "int"
  if (value instanceof Float) return "float"
  return textOf(value) === undefined ? "other" : "text"
}

const bare = (value: Value): boolean | string | bigint | number =>
  value instanceof Int || value instanceof Float ? value.value : typeof value === "boolean" ? value : textOf(value)!

const isNil = (value: Value) => value === undefined || value === null

const areEqual = (a: Value, b: Value): boolean => {
  if (kindOf(a) !== kindOf(b)) return isNil(a) || isNil(b) ? false : fail("incompatible types for comparison")
  if (kindOf(a) !== "other") return bare(a) === bare(b)
  return isNil(a) || isNil(b) ? isNil(a) === isNil(b) : fail("non-comparable types")
}

const isLess = (a: Value, b: Value): boolean => {
  const kind = kindOf(a)
  if (kind !== kindOf(b) || kind === "bool" || kind === "other") return fail("incompatible types for comparison")
  return kind === "text" ? compareText(textOf(a)!, textOf(b)!) < 0 : bare(a) < bare(b)
}

const child = (value: Value, key: Value): Value => {
  if (value instanceof Map) {
    return typeof key === "string" || key instanceof Numeral
      ? value.get(textOf(key)!)
      : fail("bad key")
  }
  if (!isList(value) || !(key instanceof Int)) return fail("cannot index this")
  return key.value >= 0n && key.value < BigInt(value.length) ? value[Number(key.value)] : fail("index out of range")
}

const sliced = ([value, from = new Int(0n), to]: ReadonlyArray<Value>): Value => {
  const bytes = typeof value === "string" ? Buffer.from(value, "utf8") : undefined
  const length = BigInt(bytes?.length ?? (isList(value) ? value.length : fail("cannot slice this")))
  const end = to ?? new Int(length)
  if (!(from instanceof Int) || !(end instanceof Int)) return fail("a slice needs numbers")
  if (from.value < 0n || from.value > end.value || end.value > length) return fail("index out of range")
  const [first, last] = [Number(from.value), Number(end.value)]
  return bytes === undefined
    ? (value as ReadonlyArray<Value>).slice(first, last)
    : bytes.subarray(first, last).toString("utf8")
}

const lengthOf = (value: Value): Int => {
  if (value instanceof Map) return new Int(BigInt(value.size))
  if (isList(value)) return new Int(BigInt(value.length))
  const text = textOf(value)
  return text === undefined ? fail("len of this is not known") : new Int(BigInt(Buffer.byteLength(text)))
}

const html: Readonly<Record<string, string>> = {
  "\"": "&#34;",
  "'": "&#39;",
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "\0": "\ufffd"
}

const query = (text: string): string =>
  encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+")

const two = (values: ReadonlyArray<Value>): readonly [Value, Value] =>
  values.length === 2 ? [values[0], values[1]] : fail("wrong number of arguments")

const one = (values: ReadonlyArray<Value>): Value => values.length === 1 ? values[0] : fail("wrong number of arguments")

/** Go's functions, but `js` and `call`, and `and` and `or`, which need not evaluate all that they are given. */
export const functions: Readonly<Record<string, (values: ReadonlyArray<Value>) => Value>> = {
  not: (values) => !isTrue(one(values)),
  len: (values) => lengthOf(one(values)),
  index: ([value, ...keys]) => keys.reduce(child, value),
  slice: sliced,
  print: sprint,
  println: (values) => `${values.map(show).join(" ")}\n`,
  printf: format,
  html: (values) => sprint(values).replace(/["'&<>\0]/g, (character) => html[character]!),
  urlquery: (values) => query(sprint(values)),
  eq: ([first, ...rest]) => rest.length > 0 ? rest.some((value) => areEqual(first, value)) : fail("missing argument"),
  ne: (values) => !areEqual(...two(values)),
  lt: (values) => isLess(...two(values)),
  le: (values) => isLess(...two(values)) || areEqual(...two(values)),
  gt: (values) => !isLess(...two(values)) && !areEqual(...two(values)),
  ge: (values) => !isLess(...two(values)),
  js: () => {
    throw new LimitError("strings.render_template does not know js here")
  }
}
