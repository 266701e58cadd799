import { createPublicKey } from "node:crypto"
import { isIPv4 } from "node:net"
import { isArray, RegoObject, RegoSet, type RegoValue } from "../regoValue.ts"
import { bigInteger, type Builtin, BuiltinError, type BuiltinGroup, object, text } from "./Builtin.ts"
import { type Certificate, certificatesIn, certificateValue, extendedValue } from "./certificate.ts"
import { verifiedChain, type VerifyOptions } from "./certificateChain.ts"
import { certificateRequestValue } from "./certificateRequest.ts"
import { decodeBase64 } from "./goBase64.ts"
import { fromIPv4, fromIPv6 } from "./ipAddress.ts"
import { guarded } from "./jwk.ts"
import { readPem } from "./pem.ts"
import { jwkValue, privateKeyOf, privateKeysIn, privateKeyValue } from "./privateKeys.ts"

const begin = "-----BEGIN"

const fail = (why: string): never => {
  throw new BuiltinError(why)
}

const certificatesOfPem = (pem: string): ReadonlyArray<Certificate> => {
  const { blocks } = readPem(pem)
  if (blocks.some(({ type }) => type !== "CERTIFICATE")) fail("a PEM block is no certificate")
  return certificatesIn(Buffer.concat(blocks.map(({ bytes }) => bytes)))
}

/** PEM, or base64 of PEM or DER. */
const certificatesOf = (source: string): ReadonlyArray<Certificate> => {
  if (source.startsWith(begin)) return certificatesOfPem(source)
  const bytes = decodeBase64(source)
  return bytes.toString("latin1").startsWith(begin) ? certificatesOfPem(bytes.toString("utf8")) : certificatesIn(bytes)
}

const usageNames = [
  "KeyUsageAny",
  "KeyUsageServerAuth",
  "KeyUsageClientAuth",
  "KeyUsageCodeSigning",
  "KeyUsageEmailProtection",
  "KeyUsageIPSECEndSystem",
  "KeyUsageIPSECTunnel",
  "KeyUsageIPSECUser",
  "KeyUsageTimeStamping",
  "KeyUsageOCSPSigning",
  "KeyUsageMicrosoftServerGatedCrypto",
  "KeyUsageNetscapeServerGatedCrypto",
  "KeyUsageMicrosoftCommercialCodeSigning",
  "KeyUsageMicrosoftKernelCodeSigning"
]

const usagesOf = (value: RegoValue): ReadonlyArray<number> => {
  const names = value instanceof RegoSet
    ? value.items
    : isArray(value)
    ? value
    : fail("'KeyUsages' should be an Array or Set")
  const usages = names.filter((name) => typeof name === "string").map((name) =>
    usageNames.indexOf(name.replaceAll("\"", ""))
  )
  return usages.includes(-1) ? fail("invalid entries for 'KeyUsages' found") : usages
}

const millisecondsOf = (nanoseconds: RegoValue | undefined): number => Number(bigInteger(nanoseconds)) / 1e6

const optionsOf = (given: RegoObject, now: Builtin): VerifyOptions => {
  const known = new Set(["DNSName", "CurrentTime", "MaxConstraintComparisons", "KeyUsages"])
  if (given.entries.some(([name]) => typeof name === "string" && !known.has(name))) fail("invalid key option")
  const comparisons = given.get("MaxConstraintComparisons")
  if (comparisons !== undefined) bigInteger(comparisons)
  return {
    host: text(given.get("DNSName") ?? "").replaceAll("\"", ""),
    now: millisecondsOf(given.get("CurrentTime") ?? now()),
    usages: usagesOf(given.get("KeyUsages") ?? [])
  }
}

const addressHex = (address: string): string =>
  (isIPv4(address) ? 0xffffn << 32n | fromIPv4(address) : fromIPv6(address)).toString(16).padStart(32, "0")

const verify = (
  source: string,
  options: () => VerifyOptions,
  shown: (certificate: Certificate) => RegoValue
): RegoValue => {
  let certificates: ReadonlyArray<Certificate>
  try {
    certificates = certificatesOf(source)
  } catch (error) {
    if (error instanceof BuiltinError) return [false, []]
    throw error
  }
  const given = options()
  const chain = certificates.length < 2 ? undefined : verifiedChain(certificates, given, addressHex)
  return chain === undefined ? [false, []] : [true, chain.map(shown)]
}

const requestOf = (source: string): RegoValue => {
  const bytes = source.startsWith("-----BEGIN CERTIFICATE REQUEST-----") ? Buffer.from(source) : decodeBase64(source)
  const [block] = readPem(bytes.toString("latin1")).blocks
  if (block !== undefined && block.type !== "CERTIFICATE REQUEST") fail("not a certificate signing request")
  return certificateRequestValue(block?.bytes ?? bytes)
}

/** PEM, or base64 of PEM or DER, as blocks. */
const blocksOf = (source: string, type: string) => {
  const bytes = source.startsWith(`${begin} `) ? Buffer.from(source) : decodeBase64(source)
  return bytes.toString("latin1").startsWith(begin) ? readPem(bytes.toString("utf8")).blocks : [{ type, bytes }]
}

const keyPair = (certificate: string, key: string): RegoValue => {
  const chain = blocksOf(certificate, "CERTIFICATE").filter(({ type }) => type === "CERTIFICATE")
  const [leaf] = chain.length === 0 ? [] : certificatesIn(chain[0]!.bytes)
  const block = blocksOf(key, "PRIVATE KEY").find(({ type }) => / ?PRIVATE KEY$/.test(type))
  if (leaf === undefined || block === undefined) return fail("no certificate or no key")
  const privateKey = privateKeyOf(block)
  if (!guarded(() => createPublicKey(privateKey).equals(leaf.native.publicKey))) fail("private key does not match")
  return new RegoObject([
    ["Certificate", chain.map(({ bytes }) => bytes.toString("base64"))],
    ["PrivateKey", privateKeyValue(privateKey)],
    ["SupportedSignatureAlgorithms", null],
    ["OCSPStaple", null],
    ["SignedCertificateTimestamps", null],
    ["Leaf", certificateValue(leaf)]
  ])
}

const firstJwk = (source: string): RegoValue => {
  if (source === "") fail("input PEM data was empty")
  const pem = source.startsWith(begin) ? source : decodeBase64(source).toString("utf8")
  const [key] = privateKeysIn(pem)
  return key === undefined ? null : jwkValue(key)
}

/** Certificates and keys as Go's structures become JSON. `now` is the time that chains are verified at. */
export const x509 = (now: Builtin): BuiltinGroup => ({
  "crypto.x509.parse_certificates": (source) => certificatesOf(text(source)).map(extendedValue),
  "crypto.x509.parse_and_verify_certificates": (source) =>
    verify(text(source), () => optionsOf(new RegoObject([]), now), extendedValue),
  "crypto.x509.parse_and_verify_certificates_with_options": (source, options) =>
    verify(text(source), () => optionsOf(object(options), now), certificateValue),
  "crypto.x509.parse_certificate_request": (source) => requestOf(text(source)),
  "crypto.x509.parse_keypair": (certificate, key) => keyPair(text(certificate), text(key)),
  "crypto.x509.parse_rsa_private_key": (source) => firstJwk(text(source)),
  "crypto.parse_private_keys": (source) => text(source) === "" ? null : privateKeysIn(text(source)).map(privateKeyValue)
})
