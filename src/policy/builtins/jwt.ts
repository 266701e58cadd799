import { RegoObject, type RegoValue } from "../regoValue.ts"
import { type Builtin, BuiltinError, type BuiltinGroup, object, text } from "./Builtin.ts"
import { decodeBase64Url } from "./goBase64.ts"
import { readJson, writeJson } from "./json.ts"
import { algorithms, keysOfJson, verificationKeys } from "./jwk.ts"
import { isSigned, signatureOf } from "./jws.ts"
import { decodeVerify } from "./jwtConstraints.ts"
import { decodeToken, headerOf, payloadOf, signedBy } from "./token.ts"

const maximumNesting = 100

const decode = (encoded: string, level = 0): RegoValue => {
  const token = decodeToken(encoded)
  const type = token.header.get("cty")
  const body = decodeBase64Url(token.parts[1])
  if (type !== undefined && typeof type !== "string") throw new BuiltinError("cty must be a string")
  if (type === "JWT") {
    if (level === maximumNesting) throw new BuiltinError("nested too deeply")
    return decode(body.toString("utf8").replace(/^["']+|["']+$/g, ""), level + 1)
  }
  return [token.header, payloadOf(token), decodeBase64Url(token.parts[2]).toString("hex")]
}

const verifyByKeys = (alg: string): Builtin => (encoded, source) => {
  const token = decodeToken(text(encoded))
  const header = headerOf(token)
  const signature = token.signature()
  return signedBy(
    verificationKeys(text(source)),
    header,
    (key) => !Buffer.isBuffer(key) && key.type === "public" && isSigned(alg, key, token.signed, signature)
  )
}

const verifyBySecret = (alg: string): Builtin => (encoded, secret) => {
  const token = decodeToken(text(encoded), false)
  return isSigned(alg, Buffer.from(text(secret), "utf8"), token.signed, token.signature())
}

const encode = (headers: string, payload: string, source: string): string => {
  const [first] = keysOfJson(source)
  if (first === undefined) throw new BuiltinError("no keys found in JWK set")
  const header = readJson(headers)
  const field = (name: string) => header instanceof RegoObject ? header.get(name) : undefined
  const alg = field("alg")
  if (typeof alg !== "string" || !algorithms.has(alg)) throw new BuiltinError("missing or unknown 'alg' header")
  const type = field("typ")
  if (typeof type !== "string" || type === "JWT") readJson(payload)
  const signed = [headers, payload].map((part) => Buffer.from(part, "utf8").toString("base64url")).join(".")
  return `${signed}.${signatureOf(alg, first.key, Buffer.from(signed)).toString("base64url")}`
}

const verifiers = Object.fromEntries(
  [...algorithms].map((alg): readonly [string, Builtin] => [
    `io.jwt.verify_${alg.toLowerCase()}`,
    alg.startsWith("HS") ? verifyBySecret(alg) : verifyByKeys(alg)
  ])
)

/** JSON Web Tokens. `now` is what `exp` and `nbf` are held against where the policy gives no time. */
export const jwt = (now: Builtin): BuiltinGroup => ({
  ...verifiers,
  "io.jwt.decode": (encoded) => decode(text(encoded)),
  "io.jwt.decode_verify": (encoded, constraints) => decodeVerify(text(encoded), object(constraints), now),
  "io.jwt.encode_sign": (headers, payload, key) =>
    encode(writeJson(object(headers)), writeJson(object(payload)), writeJson(object(key))),
  "io.jwt.encode_sign_raw": (headers, payload, key) => encode(text(headers), text(payload), text(key))
})
