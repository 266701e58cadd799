import { type Element, elements, expect, oidIn, tags } from "./der.ts"

/** Go's numbers of signature algorithms. */
const numbers: Readonly<Record<string, number>> = {
  "1.2.840.113549.1.1.2": 1,
  "1.2.840.113549.1.1.4": 2,
  "1.2.840.113549.1.1.5": 3,
  "1.3.14.3.2.29": 3,
  "1.2.840.113549.1.1.11": 4,
  "1.2.840.113549.1.1.12": 5,
  "1.2.840.113549.1.1.13": 6,
  "1.2.840.10040.4.3": 7,
  "2.16.840.1.101.3.4.3.2": 8,
  "1.2.840.10045.4.1": 9,
  "1.2.840.10045.4.3.2": 10,
  "1.2.840.10045.4.3.3": 11,
  "1.2.840.10045.4.3.4": 12,
  "1.3.101.112": 16
}

/** By the hash and its length, which has to be the salt's as well. */
const pss: Readonly<Record<string, readonly [number, number]>> = {
  "2.16.840.1.101.3.4.2.1": [13, 32],
  "2.16.840.1.101.3.4.2.2": [14, 48],
  "2.16.840.1.101.3.4.2.3": [15, 64]
}

const first = (bytes: Buffer | undefined): Element | undefined => bytes === undefined ? undefined : elements(bytes)[0]

const pssNumber = (parameters: Element | undefined): number => {
  const fields = parameters === undefined ? [] : elements(parameters.body)
  const field = (tag: number) => first(fields.find((one) => one.tag === tag)?.body)
  const hash = first(field(0xa0)?.body)
  const [number, length] = pss[hash === undefined ? "" : oidIn(hash.body).join(".")] ?? [0, -1]
  const salt = field(0xa2)?.body
  return salt !== undefined && salt.length === 1 && salt[0] === length ? number : 0
}

/** Go's number of the algorithm that an AlgorithmIdentifier names; 0 where Go does not know it. */
export const signatureAlgorithm = (identifier: Element | undefined): number => {
  const [type, parameters] = elements(expect(identifier, tags.sequence).body)
  const oid = oidIn(expect(type, tags.oid).body).join(".")
  return oid === "1.2.840.113549.1.1.10" ? pssNumber(parameters) : numbers[oid] ?? 0
}
