import { RegoObject, type RegoValue } from "../regoValue.ts"
import { BuiltinError } from "./Builtin.ts"
import { context, inside, tags } from "./der.ts"
import { listOrNull } from "./distinguishedName.ts"
import { type GoUrl, parseUrl, splitHost } from "./goUrl.ts"
import { addressText } from "./ipAddress.ts"

/** What else a certificate's subject is called. */
export interface AlternativeNames {
  readonly dns: ReadonlyArray<string>
  readonly emails: ReadonlyArray<string>
  /** Of 4 or 16 bytes each. */
  readonly addresses: ReadonlyArray<Buffer>
  readonly uris: ReadonlyArray<GoUrl & { readonly text: string }>
}

export const noNames: AlternativeNames = { dns: [], emails: [], addresses: [], uris: [] }

const ascii = (bytes: Buffer): string => {
  if (bytes.some((byte) => byte >= 0x80)) throw new BuiltinError("not an IA5String")
  return bytes.toString("latin1")
}

const uriOf = (bytes: Buffer) => {
  const text = ascii(bytes)
  return { ...parseUrl(text), text }
}

/** The content of a subjectAltName extension. */
export const alternativeNames = (bytes: Buffer): AlternativeNames => {
  const names = inside(bytes, tags.sequence)
  const bodies = (number: number) => names.filter(({ tag }) => tag === context(number)).map(({ body }) => body)
  const addresses = bodies(7)
  if (addresses.some(({ length }) => length !== 4 && length !== 16)) throw new BuiltinError("not an IP address")
  return { dns: bodies(2).map(ascii), emails: bodies(1).map(ascii), addresses, uris: bodies(6).map(uriOf) }
}

const uriValue = (uri: GoUrl): RegoValue =>
  new RegoObject([
    ["Scheme", uri.scheme],
    ["Opaque", uri.opaque],
    ["User", uri.hasUser ? new RegoObject([]) : null],
    ["Host", uri.host],
    ["Path", uri.path],
    ["RawPath", uri.rawPath],
    ["ForceQuery", uri.forceQuery],
    ["RawQuery", uri.rawQuery],
    ["Fragment", uri.fragment],
    ["RawFragment", uri.rawFragment],
    ["OmitHost", uri.omitHost]
  ])

/** The fields that Go has for them. */
export const nameFields = (names: AlternativeNames): ReadonlyArray<readonly [string, RegoValue]> => [
  ["DNSNames", listOrNull(names.dns)],
  ["EmailAddresses", listOrNull(names.emails)],
  ["IPAddresses", listOrNull(names.addresses.map(addressText))],
  ["URIs", listOrNull(names.uris.map(uriValue))]
]

export const hostOfUri = (uri: GoUrl): string => splitHost(uri.host)[0]
