import { loadBuiltins } from "../../src/policy/builtins/catalogue.ts"
import { EvaluationError, Host } from "../../src/policy/host.ts"
import { emit, parse, show } from "../../src/policy/regoText.ts"
import {
  equals,
  integer,
  isArray,
  RegoObject,
  RegoSet,
  type RegoValue,
  setOf,
  sorted
} from "../../src/policy/regoValue.ts"
import type { Case, Expected } from "./cases.ts"
import { entrypoint } from "./compileCase.ts"

/** As OPA's results become JSON: sets are arrays in Rego's order, keys are text. */
export const asJson = (value: RegoValue): RegoValue => {
  if (isArray(value)) return value.map(asJson)
  if (value instanceof RegoSet) return sorted(value.items).map(asJson)
  if (!(value instanceof RegoObject)) return value
  return new RegoObject(
    value.entries.map(([key, item]) => [typeof key === "string" ? key : emit(asJson(key)), asJson(item)])
  )
}

const withSortedArrays = (bindings: RegoValue): RegoValue =>
  bindings instanceof RegoObject
    ? new RegoObject(bindings.entries.map(([name, value]) => [name, isArray(value) ? sorted(value) : value]))
    : bindings

const compareResults = (answer: RegoValue | undefined, expected: Expected & { readonly type: "results" }) => {
  const items = answer instanceof RegoSet ? answer.items.map(asJson) : []
  const got = setOf(expected.isSorted ? items.map(withSortedArrays) : items)
  const wanted = setOf(parse(expected.results) as ReadonlyArray<RegoValue>)
  return equals(got, wanted) ? undefined : `expected ${show(wanted)}, got ${show(got)}`
}

const conflicts = ["var assignment conflict", "object insert conflict"]

const judgeError = (error: EvaluationError, expected: Expected): string | undefined =>
  expected.type === "error" && expected.code === "eval_conflict_error" &&
    conflicts.some((text) => error.message.includes(text))
    ? undefined
    : `failed: ${error.message}`

const judgeAnswer = (answer: RegoValue | undefined, expected: Expected): string | undefined => {
  if (expected.type === "error") {
    return `expected ${expected.code}, got ${answer === undefined ? "nothing" : show(answer)}`
  }
  if (expected.type === "results") return compareResults(answer, expected)
  const isDefined = answer instanceof RegoSet && answer.items.length > 0
  return isDefined === expected.isDefined ? undefined : `expected ${expected.isDefined ? "a" : "no"} result`
}

/** The set of bindings that the query of a compiled case has in our host. Throws an `EvaluationError`. */
export const evaluateCase = async (given: Case, wasm: Uint8Array): Promise<RegoValue | undefined> => {
  const module = await WebAssembly.compile(wasm)
  const names = new Host(module, Buffer.from("{}"), new Map()).builtinNames
  const now = integer(BigInt(Date.now()) * 1_000_000n)
  const builtins = await loadBuiltins(names, () => now)
  const host = new Host(module, Buffer.from(given.data), builtins)
  return host.evaluate(entrypoint, Buffer.from(given.input ?? ""))
}

/** Why a compiled case fails in our host; undefined if it passes. */
export const judgeCase = async (given: Case, wasm: Uint8Array): Promise<string | undefined> => {
  try {
    return judgeAnswer(await evaluateCase(given, wasm), given.expected)
  } catch (error) {
    return error instanceof EvaluationError ? judgeError(error, given.expected) : `threw: ${String(error)}`
  }
}
