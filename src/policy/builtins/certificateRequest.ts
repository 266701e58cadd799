import { integer, RegoObject, type RegoValue } from "../regoValue.ts"
import { alternativeNames, nameFields, noNames } from "./alternativeNames.ts"
import { BuiltinError } from "./Builtin.ts"
import {
  bitsIn,
  children,
  constructed,
  type Element,
  elements,
  expect,
  inside,
  integerIn,
  oidIn,
  tags,
  textOf
} from "./der.ts"
import { listOrNull, nameValue, oidValue } from "./distinguishedName.ts"
import { type Extension, extensionOf, extensionValue } from "./extensions.ts"
import { publicKeyOf } from "./publicKey.ts"
import { signatureAlgorithm } from "./signatureAlgorithm.ts"

const extensionRequest = "1.2.840.113549.1.9.14"

const anyValue = (element: Element | undefined): RegoValue => {
  if (element === undefined) return null
  if (element.tag === tags.boolean) return element.body[0] !== 0
  if (element.tag === tags.integer) return integer(integerIn(element.body))
  if (element.tag === tags.oid) return oidValue(oidIn(element.body))
  return element.tag === tags.octets ? element.body.toString("base64") : textOf(element) ?? null
}

/** Go's older reading of an attribute: sets of sequences of a type and a value. Undefined for attributes of another shape. */
const attributeValue = (attribute: Element): RegoValue | undefined => {
  const [type, values] = children(attribute, tags.sequence)
  const sequences = elements(expect(values, tags.set).body)
  const isOld = sequences.every(({ body, tag }) =>
    tag === tags.sequence && elements(body).every(({ tag }) => tag === tags.sequence)
  )
  if (!isOld) return undefined
  const pairs = sequences.map(({ body }) =>
    elements(body).map((pair) => {
      const [id, value] = children(pair, tags.sequence)
      return new RegoObject([["Type", oidValue(oidIn(expect(id, tags.oid).body))], ["Value", anyValue(value)]])
    })
  )
  return new RegoObject([["Type", oidValue(oidIn(expect(type, tags.oid).body))], ["Value", pairs]])
}

const extensionsIn = (attributes: ReadonlyArray<Element>): ReadonlyArray<Extension> =>
  attributes.flatMap((attribute) => {
    const [type, values] = children(attribute, tags.sequence)
    if (oidIn(expect(type, tags.oid).body).join(".") !== extensionRequest) return []
    return children(elements(expect(values, tags.set).body)[0], tags.sequence).map(extensionOf)
  })

/** Go's `x509.CertificateRequest` of DER, as JSON. */
export const certificateRequestValue = (der: Buffer): RegoValue => {
  const [body, algorithm, signature, ...rest] = inside(der, tags.sequence)
  const [version, subject, keyInfo, wrapped] = children(body, tags.sequence)
  if (rest.length > 0 || keyInfo === undefined) throw new BuiltinError("malformed certificate request")
  const attributes = wrapped === undefined ? [] : elements(expect(wrapped, constructed(0)).body)
  const extensions = extensionsIn(attributes)
  const names = extensions.find(({ oid }) => oid === "2.5.29.17")
  const key = publicKeyOf(keyInfo)
  return new RegoObject([
    ["Raw", der.toString("base64")],
    ["RawTBSCertificateRequest", body!.raw.toString("base64")],
    ["RawSubjectPublicKeyInfo", keyInfo.raw.toString("base64")],
    ["RawSubject", subject!.raw.toString("base64")],
    ["Version", integer(integerIn(expect(version, tags.integer).body))],
    ["Signature", bitsIn(signature).toString("base64")],
    ["SignatureAlgorithm", signatureAlgorithm(algorithm)],
    ["PublicKeyAlgorithm", key.algorithm],
    ["PublicKey", key.value],
    ["Subject", nameValue(expect(subject, tags.sequence).raw)],
    ["Attributes", listOrNull(attributes.map(attributeValue).filter((value) => value !== undefined))],
    ["Extensions", listOrNull(extensions.map(extensionValue))],
    ["ExtraExtensions", null],
    ...nameFields(names === undefined ? noNames : alternativeNames(names.value))
  ])
}
