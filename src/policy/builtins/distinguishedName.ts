import { integer, RegoObject, type RegoValue } from "../regoValue.ts"
import { BuiltinError } from "./Builtin.ts"
import { children, type Element, elements, expect, inside, oidIn, tags, textOf } from "./der.ts"

interface Attribute {
  readonly oid: string
  readonly type: RegoValue
  readonly value: string
}

/** Object identifiers as Go shows them. */
export const oidValue = (numbers: ReadonlyArray<bigint>): RegoValue => numbers.map(integer)

const attributeOf = (element: Element): Attribute => {
  const [type, value] = children(element, tags.sequence)
  const numbers = oidIn(expect(type, tags.oid).body)
  const text = value === undefined ? undefined : textOf(value)
  if (text === undefined) throw new BuiltinError("a name holds something else than text")
  return { oid: numbers.join("."), type: oidValue(numbers), value: text }
}

/** Fields of Go's `pkix.Name` that take every value. */
const lists: Readonly<Record<string, string>> = {
  Country: "2.5.4.6",
  Organization: "2.5.4.10",
  OrganizationalUnit: "2.5.4.11",
  Locality: "2.5.4.7",
  Province: "2.5.4.8",
  StreetAddress: "2.5.4.9",
  PostalCode: "2.5.4.17"
}

/** Fields that take the last value. */
const singles: Readonly<Record<string, string>> = { CommonName: "2.5.4.3", SerialNumber: "2.5.4.5" }

/** An empty list is null to Go. */
export const listOrNull = (values: ReadonlyArray<RegoValue>): RegoValue => values.length === 0 ? null : values

/** Go's `pkix.Name` of a name in DER. */
export const nameValue = (name: Buffer): RegoValue => {
  const attributes = inside(name, tags.sequence).flatMap((set) => elements(expect(set, tags.set).body).map(attributeOf))
  const values = (oid: string) => attributes.filter((attribute) => attribute.oid === oid).map(({ value }) => value)
  return new RegoObject([
    ...Object.entries(lists).map(([field, oid]): [string, RegoValue] => [field, listOrNull(values(oid))]),
    ...Object.entries(singles).map(([field, oid]): [string, RegoValue] => [field, values(oid).at(-1) ?? ""]),
    ["Names", listOrNull(attributes.map(({ type, value }) => new RegoObject([["Type", type], ["Value", value]])))],
    ["ExtraNames", null]
  ])
}
