import { isArray, RegoObject, RegoSet, type RegoValue, setOf, sorted } from "../regoValue.ts"
import { type Builtin, BuiltinError, type BuiltinGroup } from "./Builtin.ts"

const only = (isAllowed: (value: RegoValue) => boolean): Builtin => (value) => {
  if (value === undefined || !isAllowed(value)) throw new BuiltinError("operand has another type")
  return value
}

/** Deprecated, and in Rego v0 only: a value of the type that the name says, or undefined. */
export const casts: BuiltinGroup = {
  cast_array: (value) => value instanceof RegoSet ? sorted(value.items) : only(isArray)(value ?? null),
  cast_set: (value) =>
    value !== undefined && isArray(value) ? setOf(value) : only((one) => one instanceof RegoSet)(value ?? null),
  cast_string: only((value) => typeof value === "string"),
  cast_boolean: only((value) => typeof value === "boolean"),
  cast_null: only((value) => value === null),
  cast_object: only((value) => value instanceof RegoObject)
}
