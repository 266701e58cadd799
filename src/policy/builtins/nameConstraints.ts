import { isIP } from "node:net"
import { RegoObject, type RegoValue } from "../regoValue.ts"
import { type AlternativeNames, hostOfUri } from "./alternativeNames.ts"
import { BuiltinError } from "./Builtin.ts"
import { children, constructed, context, elements, inside, tags } from "./der.ts"
import { listOrNull } from "./distinguishedName.ts"
import { addressText } from "./ipAddress.ts"

/** Names that a CA may certify, or may not; addresses are followed by their mask. */
export interface Subtrees {
  readonly dns: ReadonlyArray<string>
  readonly emails: ReadonlyArray<string>
  readonly uris: ReadonlyArray<string>
  readonly addresses: ReadonlyArray<Buffer>
}

export interface NameConstraints {
  readonly permitted: Subtrees
  readonly excluded: Subtrees
  /** Holds kinds of names that Go does not look at. */
  readonly isUnhandled: boolean
}

const subtrees = (bytes: Buffer): Subtrees & { readonly others: number } => {
  const names = elements(bytes).map((subtree) => children(subtree, tags.sequence)[0])
  const bodies = (number: number) => names.flatMap((name) => name?.tag === context(number) ? [name.body] : [])
  const texts = (number: number) => bodies(number).map((body) => body.toString("latin1"))
  const addresses = bodies(7)
  if (addresses.some(({ length }) => length !== 8 && length !== 32)) throw new BuiltinError("not an address range")
  const [dns, emails, uris] = [texts(2), texts(1), texts(6)]
  return {
    dns,
    emails,
    uris,
    addresses,
    others: names.length - dns.length - emails.length - uris.length - addresses.length
  }
}

/** The content of a nameConstraints extension. */
export const nameConstraints = (bytes: Buffer): NameConstraints => {
  const parts = inside(bytes, tags.sequence)
  const part = (number: number) => subtrees(parts.find(({ tag }) => tag === constructed(number))?.body ?? Buffer.of())
  const [permitted, excluded] = [part(0), part(1)]
  return { permitted, excluded, isUnhandled: permitted.others + excluded.others > 0 }
}

const rangeValue = (range: Buffer): RegoValue => {
  const half = range.length / 2
  return new RegoObject([
    ["IP", addressText(range.subarray(0, half))],
    ["Mask", range.subarray(half).toString("base64")]
  ])
}

const none: Subtrees = { dns: [], emails: [], uris: [], addresses: [] }

/** The fields that Go has for them. */
export const constraintFields = (
  constraints: NameConstraints | undefined
): ReadonlyArray<readonly [string, RegoValue]> =>
  (["Permitted", "Excluded"] as const).flatMap((kind): ReadonlyArray<readonly [string, RegoValue]> => {
    const trees = (kind === "Permitted" ? constraints?.permitted : constraints?.excluded) ?? none
    return [
      [`${kind}DNSDomains`, listOrNull(trees.dns)],
      [`${kind}IPRanges`, listOrNull(trees.addresses.map(rangeValue))],
      [`${kind}EmailAddresses`, listOrNull(trees.emails)],
      [`${kind}URIDomains`, listOrNull(trees.uris)]
    ]
  })

const isWithin = (domain: string) => (constraint: string): boolean => {
  const [name, suffix] = [domain.toLowerCase(), constraint.toLowerCase()]
  return suffix === "" || name === suffix || name.endsWith(suffix.startsWith(".") ? suffix : `.${suffix}`)
}

const isMailWithin = (address: string) => (constraint: string): boolean =>
  constraint.includes("@")
    ? address.slice(0, address.lastIndexOf("@")) === constraint.slice(0, constraint.lastIndexOf("@")) &&
      address.slice(address.lastIndexOf("@")).toLowerCase() ===
        constraint.slice(constraint.lastIndexOf("@")).toLowerCase()
    : isWithin(address.slice(address.lastIndexOf("@") + 1))(constraint)

const isInRange = (address: Buffer) => (range: Buffer): boolean => {
  const half = range.length / 2
  return address.length === half && address.every((byte, index) => (byte & range[half + index]!) === range[index]!)
}

/** A wildcard covers what an excluded name one label below it would be. */
const isExcludedName = (name: string) => (constraint: string): boolean =>
  isWithin(name)(constraint) || name.startsWith("*.") && isWithin(constraint)(name.slice(2)) &&
    constraint.split(".").length === name.split(".").length

const check = <A, B>(
  permitted: ReadonlyArray<B>,
  excluded: ReadonlyArray<B>,
  matches: (name: A) => (constraint: B) => boolean,
  excludes = matches
) =>
(name: A): boolean => (permitted.length === 0 || permitted.some(matches(name))) && !excluded.some(excludes(name))

/** Whether a CA with these constraints may certify the names. A URI without a host, or with an address for one, may not be. */
export const areAllowed = ({ excluded, permitted }: NameConstraints, names: AlternativeNames): boolean => {
  const hosts = names.uris.map(hostOfUri)
  return hosts.every((host) => host !== "" && isIP(host) === 0) &&
    names.dns.every(check(permitted.dns, excluded.dns, isWithin, isExcludedName)) &&
    names.emails.every(check(permitted.emails, excluded.emails, isMailWithin)) &&
    hosts.every(check(permitted.uris, excluded.uris, isWithin)) &&
    names.addresses.every(check(permitted.addresses, excluded.addresses, isInRange))
}
