import { integer, RegoNumber, type RegoValue } from "../regoValue.ts"
import { BuiltinError, type BuiltinGroup, LimitError, text } from "./Builtin.ts"

interface Rational {
  readonly numerator: bigint
  readonly denominator: bigint
}

const whole = (numerator: bigint): Rational => ({ numerator, denominator: 1n })

const powers = (base: bigint, letters: string, suffix: string): ReadonlyArray<readonly [string, Rational]> =>
  [...letters].map((letter, index) => [letter + suffix, whole(base ** BigInt(index + 1))])

/** OPA multiplies by the float that is nearest to 0.001, not by a thousandth. */
const milli: Rational = { numerator: 4_611_686_018_427_388n, denominator: 2n ** 62n }

const amounts = new Map([
  ["", whole(1n)],
  ["m", milli],
  ...powers(1000n, "kMGTPE", ""),
  ...powers(1000n, "K", ""),
  ...[..."gtpe"].map((letter, index) => [letter, whole(1000n ** BigInt(index + 3))] as const),
  ...powers(1024n, "kmgtpe", "i"),
  ...powers(1024n, "KMGTPE", "i")
])

const byteAmounts = new Map([
  ["", whole(1n)],
  ...powers(1000n, "kmgtpe", ""),
  ...powers(1000n, "kmgtpe", "b"),
  ...powers(1024n, "kmgtpe", "i"),
  ...powers(1024n, "kmgtpe", "ib")
])

const decimal = (digits: string): Rational => {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,6}))?$/.exec(digits)
  const [, sign = "", before = "", after = "", exponent = "0"] = match ?? []
  if (before + after === "") throw new BuiltinError("no amount")
  const shift = Number(exponent) - after.length
  // OPA takes six digits of exponent; nothing that is measured in Kubernetes needs more than a few hundred.
  if (Math.abs(shift) > 5_000) throw new LimitError("exponent too large")
  const numerator = BigInt(before + after) * (sign === "-" ? -1n : 1n)
  return shift >= 0
    ? whole(numerator * 10n ** BigInt(shift))
    : { numerator, denominator: 10n ** BigInt(-shift) }
}

/** The number and the unit; an `e` belongs to the number only if digits follow it. */
const split = (quantity: string): readonly [string, string] => {
  if (quantity.includes(" ")) throw new BuiltinError("spaces are not allowed")
  const [amount] = /^(?:[0-9.+-]|[eE][+-]?(?=[0-9])|[eE][+-](?![0-9]))*/.exec(quantity)!
  return [amount, quantity.slice(amount.length)]
}

const product = (quantity: string, unit: Rational | undefined): Rational => {
  if (unit === undefined) throw new BuiltinError("unit not recognized")
  const amount = decimal(quantity)
  return { numerator: amount.numerator * unit.numerator, denominator: amount.denominator * unit.denominator }
}

/** Ten digits after the point, halves away from zero; an integer is written as one. */
const toNumber = ({ denominator, numerator }: Rational): RegoValue => {
  if (numerator % denominator === 0n) return integer(numerator / denominator)
  const magnitude = numerator < 0n ? -numerator : numerator
  const scaled = (magnitude * 10n ** 10n * 2n + denominator) / (denominator * 2n)
  const digits = String(scaled).padStart(11, "0")
  return new RegoNumber(`${numerator < 0n ? "-" : ""}${digits.slice(0, -10)}.${digits.slice(-10)}`)
}

/** OPA's own units, which are not Kubernetes' quantities: `parse_bytes` takes `m` as mega. */
export const units: BuiltinGroup = {
  "units.parse": (value) => {
    const [amount, unit] = split(text(value).replaceAll("\"", ""))
    return toNumber(product(amount, amounts.get(unit.slice(0, 1) + unit.slice(1).toLowerCase())))
  },
  "units.parse_bytes": (value) => {
    const [amount, unit] = split(text(value).replaceAll("\"", "").toLowerCase())
    const { denominator, numerator } = product(amount, byteAmounts.get(unit))
    return integer(numerator / denominator)
  }
}
