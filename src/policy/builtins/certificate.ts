import { X509Certificate } from "node:crypto"
import { integer, RegoObject, type RegoValue } from "../regoValue.ts"
import { nameFields } from "./alternativeNames.ts"
import { BuiltinError } from "./Builtin.ts"
import { bitsIn, children, constructed, type Element, elements, expect, integerIn, tags, timeOf } from "./der.ts"
import { listOrNull, nameValue, oidValue } from "./distinguishedName.ts"
import { type Extension, extensionOf, extensionValue, type Known, knownIn, policyFields } from "./extensions.ts"
import { guarded } from "./jwk.ts"
import { constraintFields } from "./nameConstraints.ts"
import { type PublicKey, publicKeyOf } from "./publicKey.ts"
import { signatureAlgorithm } from "./signatureAlgorithm.ts"

/** A certificate, its signature not looked at. */
export interface Certificate {
  readonly raw: Buffer
  /** OpenSSL's view, which checks signatures. */
  readonly native: X509Certificate
  readonly body: Buffer
  readonly keyInfo: Buffer
  readonly subject: Buffer
  readonly issuer: Buffer
  readonly version: number
  readonly serial: bigint
  readonly notBefore: string
  readonly notAfter: string
  readonly signatureAlgorithm: number
  readonly signature: Buffer
  readonly key: PublicKey
  readonly extensions: ReadonlyArray<Extension>
  readonly known: Known
  readonly extendedUsages: ReadonlyArray<number>
}

/** Go's numbers of what a certificate may be used for. */
const usages = [
  "2.5.29.37.0",
  "1.3.6.1.5.5.7.3.1",
  "1.3.6.1.5.5.7.3.2",
  "1.3.6.1.5.5.7.3.3",
  "1.3.6.1.5.5.7.3.4",
  "1.3.6.1.5.5.7.3.5",
  "1.3.6.1.5.5.7.3.6",
  "1.3.6.1.5.5.7.3.7",
  "1.3.6.1.5.5.7.3.8",
  "1.3.6.1.5.5.7.3.9",
  "1.3.6.1.4.1.311.10.3.3",
  "2.16.840.1.113730.4.1",
  "1.3.6.1.4.1.311.2.1.22",
  "1.3.6.1.4.1.311.61.1.1"
]

const usageOf = (numbers: ReadonlyArray<bigint>): number => usages.indexOf(numbers.join("."))

const parseOne = (element: Element): Certificate => {
  const [body, algorithm, signature] = children(element, tags.sequence)
  const all = children(body, tags.sequence)
  const fields = all[0]?.tag === constructed(0) ? all : [undefined, ...all]
  const [version, serial, , issuer, validity, subject, keyInfo, ...rest] = fields
  const [notBefore, notAfter] = children(validity, tags.sequence)
  const wrapped = rest.find((field) => field?.tag === constructed(3))
  const extensions = wrapped === undefined ? [] : children(elements(wrapped.body)[0], tags.sequence).map(extensionOf)
  if (new Set(extensions.map(({ oid }) => oid)).size < extensions.length) throw new BuiltinError("duplicate extension")
  const known = knownIn(extensions)
  return {
    raw: element.raw,
    native: guarded(() => new X509Certificate(element.raw)),
    body: body!.raw,
    keyInfo: expect(keyInfo, tags.sequence).raw,
    subject: expect(subject, tags.sequence).raw,
    issuer: expect(issuer, tags.sequence).raw,
    version: version === undefined ? 1 : Number(integerIn(expect(elements(version.body)[0], tags.integer).body)) + 1,
    serial: integerIn(expect(serial, tags.integer).body),
    notBefore: timeOf(notBefore!),
    notAfter: timeOf(notAfter!),
    signatureAlgorithm: signatureAlgorithm(algorithm),
    signature: bitsIn(signature),
    key: publicKeyOf(keyInfo!),
    extensions,
    known,
    extendedUsages: known.extendedUsages.map(usageOf).filter((usage) => usage >= 0)
  }
}

/** The certificates that stand one behind the other in DER. */
export const certificatesIn = (der: Buffer): ReadonlyArray<Certificate> => elements(der).map(parseOne)

const bytes = (value: Buffer | undefined): RegoValue => value === undefined ? null : value.toString("base64")

const keyFields = (
  { key, known, signature, signatureAlgorithm }: Certificate
): ReadonlyArray<readonly [string, RegoValue]> => [
  ["PublicKey", key.value],
  ["PublicKeyAlgorithm", key.algorithm],
  ["Signature", bytes(signature)],
  ["SignatureAlgorithm", signatureAlgorithm],
  ["SubjectKeyId", bytes(known.subjectKey)],
  ["AuthorityKeyId", bytes(known.authorityKey)]
]

const usageFields = (
  { extendedUsages, extensions, known }: Certificate
): ReadonlyArray<readonly [string, RegoValue]> => [
  ["KeyUsage", known.usage],
  ["ExtKeyUsage", listOrNull(extendedUsages)],
  ["UnknownExtKeyUsage", listOrNull(known.extendedUsages.filter((one) => usageOf(one) < 0).map(oidValue))],
  ["BasicConstraintsValid", known.basic !== undefined],
  ["IsCA", known.basic?.isCA ?? false],
  ["MaxPathLen", known.basic?.length ?? 0],
  ["MaxPathLenZero", known.basic?.length === 0],
  ["Extensions", listOrNull(extensions.map(extensionValue))],
  ["ExtraExtensions", null],
  ["UnhandledCriticalExtensions", listOrNull(known.unhandled)]
]

/** Go's `x509.Certificate` as JSON. */
export const certificateValue = (certificate: Certificate): RegoObject => {
  const { body, issuer, keyInfo, known, raw, subject } = certificate
  return new RegoObject([
    ["Raw", bytes(raw)],
    ["RawTBSCertificate", bytes(body)],
    ["RawSubjectPublicKeyInfo", bytes(keyInfo)],
    ["RawSubject", bytes(subject)],
    ["RawIssuer", bytes(issuer)],
    ["Version", certificate.version],
    ["SerialNumber", integer(certificate.serial)],
    ["Issuer", nameValue(issuer)],
    ["Subject", nameValue(subject)],
    ["NotBefore", certificate.notBefore],
    ["NotAfter", certificate.notAfter],
    ["OCSPServer", listOrNull(known.ocsp)],
    ["IssuingCertificateURL", listOrNull(known.issuers)],
    ["CRLDistributionPoints", listOrNull(known.crls)],
    ["PermittedDNSDomainsCritical", known.constraints?.isCritical ?? false],
    ...keyFields(certificate),
    ...usageFields(certificate),
    ...nameFields(known.names),
    ...constraintFields(known.constraints),
    ...policyFields(known)
  ])
}

/** With OPA's own `URIStrings`. */
export const extendedValue = (certificate: Certificate): RegoObject => {
  const { uris } = certificate.known.names
  return new RegoObject([
    ...certificateValue(certificate).entries,
    ["URIStrings", listOrNull(uris.map(({ text }) => text))]
  ])
}
