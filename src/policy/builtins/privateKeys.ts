import { createPrivateKey, type KeyObject } from "node:crypto"
import { integer, RegoObject, type RegoValue } from "../regoValue.ts"
import { BuiltinError } from "./Builtin.ts"
import { decodeBase64 } from "./goBase64.ts"
import { guarded } from "./jwk.ts"
import { type PemBlock, readPem } from "./pem.ts"

type Format = "pkcs1" | "pkcs8" | "sec1"

const formats: Readonly<Record<string, Format>> = {
  "RSA PRIVATE KEY": "pkcs1",
  "PRIVATE KEY": "pkcs8",
  "EC PRIVATE KEY": "sec1"
}

const parse = (der: Buffer, type: Format): KeyObject =>
  guarded(() => createPrivateKey({ key: der, format: "der", type }))

const unwrapped = (text: string): string => {
  try {
    return decodeBase64(text).toString("utf8")
  } catch (error) {
    if (error instanceof BuiltinError) return text
    throw error
  }
}

/** The private keys in PEM, which may be wrapped in base64. Blocks of other kinds are passed over. */
export const privateKeysIn = (text: string): ReadonlyArray<KeyObject> =>
  readPem(unwrapped(text)).blocks.flatMap(({ bytes, type }) =>
    formats[type] === undefined ? [] : [parse(bytes, formats[type])]
  )

/** The key of a block whose type Go's `tls` takes, whatever is really in it. */
export const privateKeyOf = ({ bytes }: PemBlock): KeyObject => {
  for (const format of ["pkcs1", "pkcs8", "sec1"] as const) {
    try {
      return parse(bytes, format)
    } catch (error) {
      if (!(error instanceof BuiltinError)) throw error
    }
  }
  throw new BuiltinError("failed to parse private key")
}

/** As a JSON Web Key. */
export const jwkValue = (key: KeyObject): RegoValue =>
  new RegoObject(
    Object.entries(guarded(() => key.export({ format: "jwk" }))).filter(([, value]) => value !== undefined).map((
      [name, value]
    ) => [name, String(value)])
  )

/** As Go's structures of the key become JSON. */
export const privateKeyValue = (key: KeyObject): RegoValue => {
  const jwk = guarded(() => key.export({ format: "jwk" }))
  const bytes = (part: string | undefined) => Buffer.from(part ?? "", "base64url")
  const number = (part: string | undefined) => integer(BigInt(`0x${bytes(part).toString("hex")}`))
  if (jwk.kty === "RSA") {
    return new RegoObject([
      ["N", number(jwk.n)],
      ["E", number(jwk.e)],
      ["D", number(jwk.d)],
      ["Primes", [number(jwk.p), number(jwk.q)]],
      [
        "Precomputed",
        new RegoObject([["Dp", number(jwk.dp)], ["Dq", number(jwk.dq)], ["Qinv", number(jwk.qi)], ["CRTValues", []]])
      ]
    ])
  }
  if (jwk.kty === "EC") {
    return new RegoObject([
      ["Curve", new RegoObject([])],
      ["X", number(jwk.x)],
      ["Y", number(jwk.y)],
      ["D", number(jwk.d)]
    ])
  }
  return Buffer.concat([bytes(jwk.d), bytes(jwk.x)]).toString("base64")
}
