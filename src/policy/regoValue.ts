/** A set of Rego. Items are in no order until `sorted`. */
export class RegoSet {
  readonly items: ReadonlyArray<RegoValue>
  constructor(items: ReadonlyArray<RegoValue>) {
    this.items = items
  }
}

/** An object of Rego: keys may be any value. */
export class RegoObject {
  readonly entries: ReadonlyArray<readonly [RegoValue, RegoValue]>
  constructor(entries: ReadonlyArray<readonly [RegoValue, RegoValue]>) {
    this.entries = entries
  }
  get(key: RegoValue): RegoValue | undefined {
    return this.entries.find(([name]) => name === key || compare(name, key) === 0)?.[1]
  }
}

/** A number that is not an integer as it is written (`1.0`, `1e2`): Go's formatting looks at the text. */
export class RegoNumber {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
  get value(): number {
    return Number(this.text)
  }
}

/**
 * A value on the host's side of the wasm. JSON is not enough: sets, keys that are no strings and integers over 2^53 have
 * to survive. Safe integers are numbers, other integers bigints, everything else that is a number a `RegoNumber`.
 */
export type RegoValue =
  | null
  | boolean
  | number
  | bigint
  | RegoNumber
  | string
  | ReadonlyArray<RegoValue>
  | RegoSet
  | RegoObject

export type RegoNumeric = number | bigint | RegoNumber

export const isArray = (value: RegoValue): value is ReadonlyArray<RegoValue> => Array.isArray(value)

export const isNumeric = (value: RegoValue): value is RegoNumeric =>
  typeof value === "number" || typeof value === "bigint" || value instanceof RegoNumber

/** The narrowest representation of a number in JSON's notation. */
export const numberFrom = (text: string): RegoNumeric => {
  if (/[.eE]/.test(text)) return new RegoNumber(text)
  const value = Number(text)
  return Number.isSafeInteger(value) ? value + 0 : BigInt(text)
}

export const integer = (value: bigint): RegoNumeric => {
  const small = Number(value)
  return Number.isSafeInteger(small) ? small : value
}

export const numberText = (value: RegoNumeric): string => value instanceof RegoNumber ? value.text : String(value)

/** Rego's order of types: null, boolean, number, string, array, object, set. */
const rank = (value: RegoValue): number => {
  if (value === null) return 0
  if (typeof value === "boolean") return 1
  if (isNumeric(value)) return 2
  if (typeof value === "string") return 3
  if (isArray(value)) return 4
  return value instanceof RegoObject ? 5 : 6
}

/** `0.digits × 10^point`, without zeros at either end; zero has no digits. */
interface Decimal {
  readonly sign: number
  readonly digits: string
  readonly point: number
}

const decimal = (value: RegoNumeric): Decimal => {
  const [, minus, whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d*)\.?(\d*)(?:[eE]([-+]?\d+))?$/.exec(numberText(value)) ?? []
  const digits = (whole + fraction).replace(/^0+/, "")
  if (digits === "") return { sign: 0, digits, point: 0 }
  const leading = whole.length + fraction.length - digits.length
  return {
    sign: minus === "-" ? -1 : 1,
    digits: digits.replace(/0+$/, ""),
    point: whole.length - leading + Number(exponent)
  }
}

/** Exactly: no float in between, and no work that grows with an exponent. */
const compareNumbers = (a: RegoNumeric, b: RegoNumeric): number => {
  if (!(a instanceof RegoNumber) && !(b instanceof RegoNumber)) return a < b ? -1 : a > b ? 1 : 0
  const [x, y] = [decimal(a), decimal(b)]
  if (x.sign !== y.sign) return x.sign - y.sign
  const order = x.point !== y.point ? x.point - y.point : x.digits < y.digits ? -1 : x.digits > y.digits ? 1 : 0
  return x.sign < 0 ? -order : order
}

/** By code point, as Go compares bytes of UTF-8; `<` would compare UTF-16 units. */
export const compareText = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) {
    const [x, y] = [a.charCodeAt(index), b.charCodeAt(index)]
    if (x !== y) return (x >= 0xd800 && x <= 0xdfff ? x + 0x10000 : x) - (y >= 0xd800 && y <= 0xdfff ? y + 0x10000 : y)
  }
  return a.length - b.length
}

const compareLists = (a: ReadonlyArray<RegoValue>, b: ReadonlyArray<RegoValue>): number => {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) {
    const order = compare(a[index]!, b[index]!)
    if (order !== 0) return order
  }
  return a.length - b.length
}

/** Rego's total order of values. */
export const compare = (a: RegoValue, b: RegoValue): number => {
  const difference = rank(a) - rank(b)
  if (difference !== 0) return difference
  if (typeof a === "boolean") return Number(a) - Number(b)
  if (typeof a === "string") return compareText(a, b as string)
  if (a === null) return 0
  if (isNumeric(a)) return compareNumbers(a, b as RegoNumeric)
  if (isArray(a)) return compareLists(a, b as ReadonlyArray<RegoValue>)
  if (a instanceof RegoSet) return compareLists(sorted(a.items), sorted((b as RegoSet).items))
  return compareLists(sortedEntries(a).flat(), sortedEntries(b as RegoObject).flat())
}

export const equals = (a: RegoValue, b: RegoValue): boolean => compare(a, b) === 0

export const sorted = (values: ReadonlyArray<RegoValue>): ReadonlyArray<RegoValue> => [...values].sort(compare)

export const sortedEntries = (object: RegoObject): ReadonlyArray<readonly [RegoValue, RegoValue]> =>
  [...object.entries].sort(([a], [b]) => compare(a, b))

/** A set of values, each once. */
export const setOf = (values: ReadonlyArray<RegoValue>): RegoSet =>
  new RegoSet(sorted(values).filter((value, index, all) => index === 0 || compare(all[index - 1]!, value) !== 0))
