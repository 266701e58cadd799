import { compare, isArray, isNumeric, RegoNumber, RegoObject, type RegoValue } from "../regoValue.ts"
import { type Builtin, BuiltinError, numeric, text } from "./Builtin.ts"
import { decodeBase64Url } from "./goBase64.ts"
import { algorithms, type TokenKey, verificationKeys } from "./jwk.ts"
import { isSigned } from "./jws.ts"
import { decodeToken, type Header, headerOf, payloadOf, signedBy, type Token } from "./token.ts"

/** What a token has to satisfy; empty texts constrain nothing. */
interface Constraints {
  readonly keys: ReadonlyArray<TokenKey>
  readonly alg: string
  readonly iss: string
  readonly aud: string
  /** Seconds since the epoch. */
  readonly seconds: RegoNumber
}

const names = new Set(["cert", "secret", "alg", "iss", "aud", "time"])

const fail = (why: string): never => {
  throw new BuiltinError(why)
}

const secondsOf = (value: RegoValue | undefined): RegoNumber => {
  const number = numeric(value)
  const nanoseconds = number instanceof RegoNumber ? number.value : Number(number)
  if (!Number.isFinite(nanoseconds) || nanoseconds < 0) fail("time must be a number that is not negative")
  return new RegoNumber(String(nanoseconds / 1e9))
}

const keysOf = (cert: RegoValue | undefined, secret: RegoValue | undefined): ReadonlyArray<TokenKey> => {
  const shared = secret === undefined ? "" : text(secret)
  if ((cert !== undefined) === (shared !== "")) fail("one of cert and secret has to be given")
  return cert === undefined ? [{ alg: "", kid: "", key: Buffer.from(shared, "utf8") }] : verificationKeys(text(cert))
}

const read = (given: RegoObject, now: Builtin): Constraints => {
  for (const [name] of given.entries) if (!names.has(text(name))) fail(`unknown token validation constraint: ${name}`)
  const optional = (name: string) => text(given.get(name) ?? "")
  return {
    keys: keysOf(given.get("cert"), given.get("secret")),
    alg: optional("alg"),
    iss: optional("iss"),
    aud: optional("aud"),
    seconds: secondsOf(given.get("time") ?? now())
  }
}

const isTrusted = ({ alg, keys }: Constraints, token: Token, header: Header): boolean => {
  if (!header.isValid || alg !== "" && alg !== header.alg) return false
  const signature = token.signature()
  return algorithms.has(header.alg) &&
    signedBy(keys, header, (key) => isSigned(header.alg, key, token.signed, signature))
}

const isAddressed = (wanted: string, audience: RegoValue | undefined): boolean => {
  if (audience === undefined) return wanted === ""
  return isArray(audience) ? audience.includes(wanted) : audience === wanted
}

const isInTime = (payload: RegoObject, seconds: RegoNumber): boolean => {
  const expires = payload.get("exp")
  const begins = payload.get("nbf")
  if (expires !== undefined) {
    if (!isNumeric(expires)) fail("exp value must be a number")
    if (compare(seconds, expires) >= 0) return false
  }
  if (begins !== undefined && !isNumeric(begins)) fail("nbf value must be a number")
  return begins === undefined || compare(seconds, begins) >= 0
}

const isClaimed = ({ aud, iss, seconds }: Constraints, payload: RegoObject): boolean =>
  (iss === "" || payload.get("iss") === iss) && isAddressed(aud, payload.get("aud")) && isInTime(payload, seconds)

const unverified: RegoValue = [false, new RegoObject([]), new RegoObject([])]

const maximumNesting = 100

/** `io.jwt.decode_verify`: `[valid, header, payload]`, the latter two empty if not valid. */
export const decodeVerify = (encoded: string, given: RegoObject, now: Builtin): RegoValue => {
  const constraints = read(given, now)
  let token = decodeToken(encoded)
  for (let level = 0;; level++) {
    const header = headerOf(token)
    if (!isTrusted(constraints, token, header)) return unverified
    if (header.cty.toUpperCase() !== "JWT") break
    if (level === maximumNesting) fail("nested too deeply")
    token = decodeToken(decodeBase64Url(token.parts[1]).toString("utf8"))
  }
  const payload = payloadOf(token)
  return isClaimed(constraints, payload) ? [true, token.header, payload] : unverified
}
