import { isArray, RegoObject, type RegoValue } from "../regoValue.ts"
import { BuiltinError } from "./Builtin.ts"
import { decodeBase64Url } from "./goBase64.ts"
import { readJson } from "./json.ts"
import type { TokenKey } from "./jwk.ts"

/** A JSON Web Token in compact form, not yet trusted. */
export interface Token {
  readonly parts: readonly [string, string, string]
  readonly header: RegoObject
  /** What the signature is over. */
  readonly signed: Buffer
  /** Throws a `BuiltinError` if it is no base64url. */
  readonly signature: () => Buffer
}

/** The fields of a header that OPA looks at; empty where they are not there. */
export interface Header {
  readonly alg: string
  readonly kid: string
  readonly cty: string
  /** False without an algorithm, and where `crit` names a field that OPA does not know. */
  readonly isValid: boolean
}

const fail = (why: string): never => {
  throw new BuiltinError(why)
}

const objectIn = (json: string): RegoObject => {
  const value = readJson(json)
  return value instanceof RegoObject ? value : fail("decoded JSON type was not an Object")
}

/** `readsHeader` is false where Go never looks at the header: it may then be anything. */
export const decodeToken = (encoded: string, readsHeader = true): Token => {
  const parts = encoded.split(".")
  if (parts.length !== 3) fail("encoded JWT must have 3 sections")
  const [head, body, seal] = parts as [string, string, string]
  const header = readsHeader ? objectIn(decodeBase64Url(head).toString("utf8")) : new RegoObject([])
  if (header.get("enc") !== undefined) fail("JWT is a JWE object, which is not supported")
  return {
    parts: [head, body, seal],
    header,
    signed: Buffer.from(`${head}.${body}`, "utf8"),
    signature: () => decodeBase64Url(seal)
  }
}

export const payloadOf = (token: Token): RegoObject => objectIn(decodeBase64Url(token.parts[1]).toString("utf8"))

const known = new Set(["alg", "kid", "typ", "cty", "crit"])

const criticalIn = (value: RegoValue | undefined): ReadonlyArray<RegoValue> => {
  if (value === undefined) return []
  if (!isArray(value) || value.length === 0 || typeof value[0] !== "string") {
    return fail("crit must be a list of strings")
  }
  return value
}

export const headerOf = ({ header }: Token): Header => {
  const field = (name: string): string => {
    const value = header.get(name)
    return value === undefined ? "" : typeof value === "string" ? value : fail(`${name} must be a string`)
  }
  const critical = criticalIn(header.get("crit"))
  field("typ")
  const isUnderstood = header.entries.every(([name]) => known.has(String(name)) || !critical.includes(name))
  const alg = field("alg")
  return { alg, kid: field("kid"), cty: field("cty"), isValid: alg !== "" && isUnderstood }
}

/** Tries the key with the header's `kid` alone, or else each key whose algorithm, if it says one, is the header's. */
export const signedBy = (
  keys: ReadonlyArray<TokenKey>,
  { alg, kid }: Header,
  isSigned: (key: TokenKey["key"]) => boolean
): boolean => {
  const named = kid === "" ? undefined : keys.find((key) => key.kid === kid)
  if (named !== undefined) return isSigned(named.key)
  return keys.some((key) => (key.alg === "" || key.alg === alg) && isSigned(key.key))
}
