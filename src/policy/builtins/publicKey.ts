import { integer, RegoObject, type RegoValue } from "../regoValue.ts"
import { bitsIn, children, type Element, expect, inside, integerIn, oidIn, tags } from "./der.ts"

const curves: Readonly<Record<string, number>> = {
  "1.3.132.0.33": 28,
  "1.2.840.10045.3.1.7": 32,
  "1.3.132.0.34": 48,
  "1.3.132.0.35": 66
}

/** Go's numbers of what a key is for, and the key as Go's structures hold it. */
export interface PublicKey {
  readonly algorithm: number
  readonly value: RegoValue
}

const rsa = (bytes: Buffer): RegoValue => {
  const [modulus, exponent] = inside(bytes, tags.sequence)
  return new RegoObject([
    ["N", integer(integerIn(expect(modulus, tags.integer).body))],
    ["E", integer(integerIn(expect(exponent, tags.integer).body))]
  ])
}

export const point = (bytes: Buffer): ReadonlyArray<readonly [string, RegoValue]> => {
  const half = (bytes.length - 1) / 2
  const number = (part: Buffer) => integer(BigInt(`0x${part.toString("hex")}`))
  return [
    ["Curve", new RegoObject([])],
    ["X", number(bytes.subarray(1, 1 + half))],
    ["Y", number(bytes.subarray(1 + half))]
  ]
}

/** What is in a SubjectPublicKeyInfo; a key of a kind that Go does not know is null. */
export const publicKeyOf = (info: Element): PublicKey => {
  const [algorithm, bits] = children(info, tags.sequence)
  const [type, parameters] = children(algorithm, tags.sequence)
  const bytes = bitsIn(bits)
  switch (oidIn(expect(type, tags.oid).body).join(".")) {
    case "1.2.840.113549.1.1.1":
      return { algorithm: 1, value: rsa(bytes) }
    case "1.2.840.10040.4.1":
      return { algorithm: 2, value: null }
    case "1.2.840.10045.2.1": {
      const size = parameters === undefined ? undefined : curves[oidIn(parameters.body).join(".")]
      const isKnown = size !== undefined && bytes.length === 1 + 2 * size && bytes[0] === 4
      return { algorithm: 3, value: isKnown ? new RegoObject(point(bytes)) : null }
    }
    case "1.3.101.112":
      return { algorithm: 4, value: bytes.toString("base64") }
    default:
      return { algorithm: 0, value: null }
  }
}
