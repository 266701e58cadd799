import { isArray, isNumeric, RegoNumber, type RegoNumeric, RegoObject, RegoSet, type RegoValue } from "../regoValue.ts"

/** A function of Rego that the host provides. `undefined` and a thrown `BuiltinError` make the call undefined. */
export type Builtin = (...operands: ReadonlyArray<RegoValue>) => RegoValue | undefined

export type BuiltinGroup = Readonly<Record<string, Builtin>>

/** The operands are not what the function takes. In Rego the call is then undefined. */
export class BuiltinError extends Error {}

/**
 * The call passes a bound of our own, that Rego does not know. Were it undefined, an object could switch off the rule that
 * makes the call: so it ends the evaluation, and denies.
 */
export class LimitError extends Error {}

const fail = (expected: string): never => {
  throw new BuiltinError(`operand must be ${expected}`)
}

export const text = (value: RegoValue | undefined): string => typeof value === "string" ? value : fail("a string")

export const numeric = (value: RegoValue | undefined): RegoNumeric =>
  value !== undefined && isNumeric(value) ? value : fail("a number")

export const array = (value: RegoValue | undefined): ReadonlyArray<RegoValue> =>
  value !== undefined && isArray(value) ? value : fail("an array")

export const object = (value: RegoValue | undefined): RegoObject =>
  value instanceof RegoObject ? value : fail("an object")

/** The members of an array or of a set. */
export const members = (value: RegoValue | undefined): ReadonlyArray<RegoValue> =>
  value instanceof RegoSet ? value.items : value !== undefined && isArray(value) ? value : fail("an array or a set")

/** A whole number, also where it is written `1.0` or `1e3`. */
export const bigInteger = (value: RegoValue | undefined): bigint => {
  const number = numeric(value)
  if (!(number instanceof RegoNumber)) return BigInt(number)
  return Number.isInteger(number.value) && Math.abs(number.value) < 1e21 ? BigInt(number.value) : fail("an integer")
}

/** A whole number that JavaScript counts exactly. */
export const integerOf = (value: RegoValue | undefined): number => {
  const number = Number(bigInteger(value))
  return Number.isSafeInteger(number) ? number : fail("a small integer")
}
