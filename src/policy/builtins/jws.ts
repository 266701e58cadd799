import {
  constants,
  createHmac,
  createPublicKey,
  type KeyObject,
  sign as signWith,
  timingSafeEqual,
  verify as verifyWith
} from "node:crypto"
import { BuiltinError } from "./Builtin.ts"
import { algorithms, guarded, type TokenKey } from "./jwk.ts"

type Key = TokenKey["key"]

const hashOf = (alg: string): string => `sha${alg.slice(2)}`

const isKind = (key: Key, ...kinds: ReadonlyArray<string>): key is KeyObject =>
  !Buffer.isBuffer(key) && kinds.includes(key.asymmetricKeyType ?? "")

const pss = (saltLength: number) => ({ padding: constants.RSA_PKCS1_PSS_PADDING, saltLength })

const hmac = (alg: string, key: Buffer, data: Buffer): Buffer => createHmac(hashOf(alg), key).update(data).digest()

const curveBytes = (key: KeyObject): number => {
  const curve = key.asymmetricKeyDetails?.namedCurve
  return curve === "prime256v1" ? 32 : curve === "secp384r1" ? 48 : curve === "secp521r1" ? 66 : 0
}

/** Both halves as long as the curve's numbers; Go takes halves of any length. */
const normalized = (signature: Buffer, bytes: number): Buffer | undefined => {
  const middle = Math.floor(signature.length / 2)
  const halves = [signature.subarray(0, middle), signature.subarray(middle)].map((half) => {
    const start = half.findIndex((byte) => byte !== 0)
    const number = start < 0 ? half.subarray(half.length) : half.subarray(start)
    return number.length > bytes ? undefined : Buffer.concat([Buffer.alloc(bytes - number.length), number])
  })
  return halves[0] === undefined || halves[1] === undefined ? undefined : Buffer.concat([halves[0], halves[1]])
}

const verifyEcdsa = (alg: string, key: KeyObject, data: Buffer, signature: Buffer): boolean => {
  const whole = normalized(signature, curveBytes(key))
  return whole !== undefined && verifyWith(hashOf(alg), data, { key, dsaEncoding: "ieee-p1363" }, whole)
}

/** Whether a signature is good; false as well where the key is of another kind than the algorithm's. */
export const isSigned = (alg: string, given: Key, data: Buffer, signature: Buffer): boolean => {
  try {
    if (alg.startsWith("HS")) {
      const wanted = Buffer.isBuffer(given) ? hmac(alg, given, data) : undefined
      return wanted !== undefined && wanted.length === signature.length && timingSafeEqual(wanted, signature)
    }
    if (Buffer.isBuffer(given)) return false
    const key = given.type === "private" ? createPublicKey(given) : given
    if (alg.startsWith("RS")) return isKind(key, "rsa") && verifyWith(hashOf(alg), data, key, signature)
    if (alg.startsWith("PS")) {
      return isKind(key, "rsa") &&
        verifyWith(hashOf(alg), data, { key, ...pss(constants.RSA_PSS_SALTLEN_AUTO) }, signature)
    }
    if (alg.startsWith("ES")) return isKind(key, "ec") && verifyEcdsa(alg, key, data, signature)
    return isKind(key, "ed25519") && verifyWith(null, data, key, signature)
  } catch {
    return false
  }
}

const wrongKey = (): never => {
  throw new BuiltinError("the key does not fit the algorithm")
}

/** Signs; throws a `BuiltinError` where algorithm and key do not go together. */
export const signatureOf = (alg: string, key: Key, data: Buffer): Buffer => {
  if (!algorithms.has(alg)) throw new BuiltinError(`unknown JWS algorithm: ${alg}`)
  if (alg.startsWith("HS")) return Buffer.isBuffer(key) ? hmac(alg, key, data) : wrongKey()
  if (Buffer.isBuffer(key) || key.type !== "private") return wrongKey()
  return guarded(() => {
    if (alg.startsWith("RS")) return isKind(key, "rsa") ? signWith(hashOf(alg), data, key) : wrongKey()
    if (alg.startsWith("PS")) {
      return isKind(key, "rsa")
        ? signWith(hashOf(alg), data, { key, ...pss(constants.RSA_PSS_SALTLEN_DIGEST) })
        : wrongKey()
    }
    if (alg.startsWith("ES")) {
      return isKind(key, "ec") ? signWith(hashOf(alg), data, { key, dsaEncoding: "ieee-p1363" }) : wrongKey()
    }
    return isKind(key, "ed25519") ? signWith(null, data, key) : wrongKey()
  })
}
