import type { JsonObject } from "../domain/Json.ts"
import { fromJson } from "./plain.ts"
import { emit, parse } from "./regoText.ts"
import { RegoObject, type RegoValue } from "./regoValue.ts"

type Entries = ReadonlyArray<readonly [RegoValue, RegoValue]>

const entriesOf = (value: RegoValue | undefined): Entries => value instanceof RegoObject ? value.entries : []

/** Later entries win over earlier ones of the same key. */
const merged = (...entries: ReadonlyArray<Entries>): RegoObject => new RegoObject([...new Map(entries.flat())])

/**
 * What policies find under `data`, as JSON text: the documents beside them, and `data.parameters` of the delivery over
 * those. Integers keep all their digits.
 */
export const documents = (text: string, parameters: JsonObject): Uint8Array => {
  const own = entriesOf(fromJson(parameters))
  const data = parse(text)
  const defaults = data instanceof RegoObject ? entriesOf(data.get("parameters")) : []
  return Buffer.from(emit(merged(entriesOf(data), [["parameters", merged(defaults, own)]])))
}
