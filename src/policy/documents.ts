import type { JsonObject } from "../domain/Json.ts"
import { fromJson } from "./plain.ts"
import { emit, parse } from "./regoText.ts"
import { RegoObject, type RegoValue } from "./regoValue.ts"

type Entries = ReadonlyArray<readonly [RegoValue, RegoValue]>

const entriesOf = (value: RegoValue | undefined): Entries => value instanceof RegoObject ? value.entries : []

/** Later entries win over earlier ones of the same key. */
const merged = (...entries: ReadonlyArray<Entries>): RegoObject => new RegoObject([...new Map(entries.flat())])

/** What policies are given beside their documents. */
export interface Given {
  /** Which of the set's bundles this is. */
  readonly bundle: number
  readonly parameters: JsonObject
  readonly inventory?: JsonObject | undefined
}

const start = `{"sluice":{`

/**
 * What policies find under `data`, as JSON text: the documents beside them, `data.parameters` of the delivery over those,
 * and the inventory of the revision. Integers keep all their digits. `data.sluice` is the generated rules' own: which of
 * the set's bundles this is, and the parameters of Gatekeeper's constraints.
 */
export const documents = (text: string, { bundle, inventory, parameters }: Given): Uint8Array => {
  const own = entriesOf(fromJson(parameters))
  const data = parse(text)
  const at = (name: string) => data instanceof RegoObject ? entriesOf(data.get(name)) : []
  const sluice: Entries = [["sluice", merged([["bundle", String(bundle)]], at("sluice"))]]
  return Buffer.from(emit(merged(
    sluice,
    entriesOf(data),
    sluice,
    [["parameters", merged(at("parameters"), own)]],
    inventory === undefined ? [] : [["inventory", fromJson(inventory)]]
  )))
}

/** The same with `data.sluice.only`, which narrows the question to one rule. */
export const narrowed = (data: Uint8Array, rule: number): Uint8Array => {
  const text = Buffer.from(data).toString("utf8")
  if (!text.startsWith(start)) throw new Error("data of another make")
  return Buffer.from(`${start}"only":"${rule}",${text.slice(start.length)}`)
}
