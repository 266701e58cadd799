import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject, X509Certificate } from "node:crypto"
import { isArray, RegoObject, type RegoValue } from "../regoValue.ts"
import { BuiltinError } from "./Builtin.ts"
import { decodeBase64Url } from "./goBase64.ts"
import { readJson } from "./json.ts"
import { readPem } from "./pem.ts"

/** A key for tokens; `alg` and `kid` are empty where the source has none. */
export interface TokenKey {
  readonly alg: string
  readonly kid: string
  readonly key: KeyObject | Buffer
}

/** The algorithms of tokens that OPA knows. */
export const algorithms: ReadonlySet<string> = new Set(
  "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 HS256 HS384 HS512 EdDSA".split(" ")
)

/** Those that a key may name as well, and is passed over then; any other name spoils the whole set. */
const others: ReadonlySet<string> = new Set(
  ("none ES256K RSA1_5 RSA-OAEP RSA-OAEP-256 RSA-OAEP-384 RSA-OAEP-512 A128KW A192KW A256KW dir ECDH-ES ECDH-ES+A128KW " +
    "ECDH-ES+A192KW ECDH-ES+A256KW A128GCMKW A192GCMKW A256GCMKW PBES2-HS256+A128KW PBES2-HS384+A192KW PBES2-HS512+A256KW")
    .split(" ")
)

const fail = (why: string): never => {
  throw new BuiltinError(why)
}

/** OpenSSL's complaints are operands that do not fit. */
export const guarded = <A>(run: () => A): A => {
  try {
    return run()
  } catch (error) {
    if (error instanceof BuiltinError) throw error
    return fail(error instanceof Error ? error.message : "not a key")
  }
}

const field = (key: RegoObject, name: string): string => {
  const value = key.get(name)
  return value === undefined ? "" : typeof value === "string" ? value : fail(`${name} of a key must be a string`)
}

const parts = ["kty", "crv", "x", "y", "n", "e", "d", "p", "q", "dp", "dq", "qi"] as const

const fromJwk = (value: RegoValue): TokenKey => {
  if (!(value instanceof RegoObject)) return fail("a key is an object")
  const alg = field(value, "alg")
  const kid = field(value, "kid")
  if (alg !== "" && !algorithms.has(alg) && !others.has(alg)) fail(`unknown algorithm ${alg}`)
  if (field(value, "kty") === "oct") return { alg, kid, key: decodeBase64Url(field(value, "k")) }
  const jwk: JsonWebKey = {}
  for (const name of parts) if (value.get(name) !== undefined) jwk[name] = field(value, name)
  const key = guarded(() =>
    jwk.d === undefined ? createPublicKey({ key: jwk, format: "jwk" }) : createPrivateKey({ key: jwk, format: "jwk" })
  )
  return { alg, kid, key }
}

/** The keys of a JSON Web Key or a set of them. */
export const keysOfJson = (text: string): ReadonlyArray<TokenKey> => {
  const value = readJson(text)
  const keys = value instanceof RegoObject ? value.get("keys") : undefined
  return keys === undefined ? [fromJwk(value)] : isArray(keys) ? keys.map(fromJwk) : fail("keys must be an array")
}

/** The public key of a certificate or of PEM, or the keys of a JSON Web Key (set) whose algorithms OPA knows. */
export const verificationKeys = (source: string): ReadonlyArray<TokenKey> => {
  const { blocks, rest } = readPem(source)
  const [block] = blocks
  if (block === undefined) return keysOfJson(source).filter(({ alg }) => alg === "" || algorithms.has(alg))
  if (blocks.length > 1 || rest !== "") fail("extra data after a PEM certificate block")
  const key = guarded(() =>
    block.type === "CERTIFICATE"
      ? new X509Certificate(block.bytes).publicKey
      : block.type === "PUBLIC KEY"
      ? createPublicKey({ key: block.bytes, format: "der", type: "spki" })
      : fail("failed to extract a Key from the PEM certificate")
  )
  return [{ alg: "", kid: "", key }]
}
