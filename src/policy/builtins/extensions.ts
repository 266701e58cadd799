import { integer, RegoObject, type RegoValue } from "../regoValue.ts"
import { type AlternativeNames, alternativeNames, noNames } from "./alternativeNames.ts"
import { BuiltinError } from "./Builtin.ts"
import {
  children,
  constructed,
  context,
  type Element,
  elements,
  expect,
  inside,
  integerIn,
  oidIn,
  tags
} from "./der.ts"
import { oidValue } from "./distinguishedName.ts"
import { type NameConstraints, nameConstraints } from "./nameConstraints.ts"

/** One extension of a certificate or a request. */
export interface Extension {
  readonly oid: string
  readonly id: RegoValue
  readonly isCritical: boolean
  readonly value: Buffer
}

export const extensionOf = (element: Element): Extension => {
  const [id, ...rest] = children(element, tags.sequence)
  const numbers = oidIn(expect(id, tags.oid).body)
  const critical = rest.length > 1 ? expect(rest[0], tags.boolean).body : undefined
  return {
    oid: numbers.join("."),
    id: oidValue(numbers),
    isCritical: critical !== undefined && critical[0] !== 0,
    value: expect(rest.at(-1), tags.octets).body
  }
}

export const extensionValue = ({ id, isCritical, value }: Extension): RegoValue =>
  new RegoObject([["Id", id], ["Critical", isCritical], ["Value", value.toString("base64")]])

/** What the extensions say that Go knows. */
export interface Known {
  usage: number
  basic: { readonly isCA: boolean; readonly length: number } | undefined
  names: AlternativeNames
  constraints: NameConstraints & { readonly isCritical: boolean } | undefined
  crls: ReadonlyArray<string>
  authorityKey: Buffer | undefined
  subjectKey: Buffer | undefined
  explicitPolicy: bigint | undefined
  inhibitMapping: bigint | undefined
  inhibitAny: bigint | undefined
  extendedUsages: ReadonlyArray<ReadonlyArray<bigint>>
  policies: ReadonlyArray<ReadonlyArray<bigint>> | undefined
  mappings: ReadonlyArray<readonly [string, string]>
  ocsp: ReadonlyArray<string>
  issuers: ReadonlyArray<string>
  unhandled: ReadonlyArray<RegoValue>
}

const uncritical = ({ isCritical, oid }: Extension): void => {
  if (isCritical) throw new BuiltinError(`${oid} must not be critical`)
}

const usageIn = (value: Buffer): number => {
  const body = expect(elements(value)[0], tags.bits).body.subarray(1)
  const isSet = (bit: number) => ((body[bit >> 3] ?? 0) >> (7 - bit % 8) & 1) === 1
  return Array.from({ length: 9 }, (_, bit) => isSet(bit) ? 1 << bit : 0).reduce((sum, bit) => sum | bit, 0)
}

const basicIn = (value: Buffer) => {
  const fields = inside(value, tags.sequence)
  const length = fields.find(({ tag }) => tag === tags.integer)
  return {
    isCA: fields.some(({ body, tag }) => tag === tags.boolean && body[0] !== 0),
    length: length === undefined ? -1 : Number(integerIn(length.body))
  }
}

const oidsIn = (value: Buffer) => inside(value, tags.sequence).map((element) => oidIn(expect(element, tags.oid).body))

const uriIn = (element: Element | undefined): ReadonlyArray<string> =>
  element?.tag === context(6) ? [element.body.toString("latin1")] : []

const crlsIn = (value: Buffer): ReadonlyArray<string> =>
  inside(value, tags.sequence).flatMap((point) => {
    const name = children(point, tags.sequence).find(({ tag }) => tag === constructed(0))
    const full = name === undefined ? undefined : elements(name.body)[0]
    return full?.tag === constructed(0) ? elements(full.body).flatMap(uriIn) : []
  })

const taggedIn = (value: Buffer, tag: number): Buffer | undefined =>
  inside(value, tags.sequence).find((element) => element.tag === tag)?.body

const numberIn = (value: Buffer, tag: number): bigint | undefined => {
  const body = taggedIn(value, tag)
  return body === undefined ? undefined : integerIn(body)
}

const accessIn = (value: Buffer, method: string): ReadonlyArray<string> =>
  inside(value, tags.sequence).flatMap((description) => {
    const [type, location] = children(description, tags.sequence)
    return oidIn(expect(type, tags.oid).body).join(".") === method ? uriIn(location) : []
  })

const mappingsIn = (value: Buffer) =>
  inside(value, tags.sequence).map((pair): readonly [string, string] => {
    const [issuer, subject] = children(pair, tags.sequence).map(({ body }) => oidIn(body).join("."))
    return [issuer ?? "", subject ?? ""]
  })

/** Reads one extension into what is known; false where Go does not handle it. */
const read = (known: Known, extension: Extension): boolean => {
  const { isCritical, oid, value } = extension
  switch (oid) {
    case "2.5.29.15":
      known.usage = usageIn(value)
      return true
    case "2.5.29.19":
      known.basic = basicIn(value)
      return true
    case "2.5.29.17":
      known.names = alternativeNames(value)
      return Object.values(known.names).some((names: ReadonlyArray<unknown>) => names.length > 0)
    case "2.5.29.30":
      known.constraints = { ...nameConstraints(value), isCritical }
      return !known.constraints.isUnhandled
    case "2.5.29.31":
      known.crls = crlsIn(value)
      return true
    case "2.5.29.35":
      uncritical(extension)
      known.authorityKey = taggedIn(value, context(0))
      return true
    case "2.5.29.36":
      known.explicitPolicy = numberIn(value, context(0))
      known.inhibitMapping = numberIn(value, context(1))
      return true
    case "2.5.29.37":
      known.extendedUsages = oidsIn(value)
      return true
    case "2.5.29.14":
      uncritical(extension)
      known.subjectKey = expect(elements(value)[0], tags.octets).body
      return true
    case "2.5.29.32":
      known.policies = inside(value, tags.sequence).map((policy) =>
        oidIn(expect(children(policy, tags.sequence)[0], tags.oid).body)
      )
      return true
    case "2.5.29.33":
      known.mappings = mappingsIn(value)
      return true
    case "2.5.29.54":
      known.inhibitAny = integerIn(expect(elements(value)[0], tags.integer).body)
      return true
    case "1.3.6.1.5.5.7.1.1":
      uncritical(extension)
      known.ocsp = accessIn(value, "1.3.6.1.5.5.7.48.1")
      known.issuers = accessIn(value, "1.3.6.1.5.5.7.48.2")
      return true
    default:
      return false
  }
}

/** What a list of extensions says. */
export const knownIn = (extensions: ReadonlyArray<Extension>): Known => {
  const known: Known = {
    usage: 0,
    basic: undefined,
    names: noNames,
    constraints: undefined,
    crls: [],
    authorityKey: undefined,
    subjectKey: undefined,
    explicitPolicy: undefined,
    inhibitMapping: undefined,
    inhibitAny: undefined,
    extendedUsages: [],
    policies: undefined,
    mappings: [],
    ocsp: [],
    issuers: [],
    unhandled: []
  }
  const unhandled = extensions.filter((extension) => !read(known, extension) && extension.isCritical)
  return { ...known, unhandled: unhandled.map(({ id }) => id) }
}

const numberFields = (name: string, number: bigint | undefined): ReadonlyArray<readonly [string, RegoValue]> => [
  [name, integer(number ?? 0n)],
  [`${name}Zero`, number === 0n]
]

/** Policy fields of Go's certificate. */
export const policyFields = (known: Known): ReadonlyArray<readonly [string, RegoValue]> => [
  ["Policies", known.policies === undefined ? null : known.policies.map((numbers) => numbers.join("."))],
  ["PolicyIdentifiers", known.policies === undefined ? null : known.policies.map(oidValue)],
  [
    "PolicyMappings",
    known.mappings.length === 0
      ? null
      : known.mappings.map(([issuer, subject]) =>
        new RegoObject([["IssuerDomainPolicy", issuer], ["SubjectDomainPolicy", subject]])
      )
  ],
  ...numberFields("RequireExplicitPolicy", known.explicitPolicy),
  ...numberFields("InhibitPolicyMapping", known.inhibitMapping),
  ...numberFields("InhibitAnyPolicy", known.inhibitAny)
]
