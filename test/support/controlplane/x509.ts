import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto"

/** A certificate and its key, as PEM. */
export interface Credential {
  readonly certificate: string
  readonly key: string
}

export interface Authority extends Credential {
  /** Certifies a client: the API server reads `name` as the user and `groups` as its groups. */
  readonly client: (name: string, groups: ReadonlyArray<string>) => Credential
  /** Certifies a server on 127.0.0.1. */
  readonly server: (names: ReadonlyArray<string>) => Credential
}

const der = (tag: number, ...parts: ReadonlyArray<Buffer>): Buffer => {
  const body = Buffer.concat(parts)
  const length = body.length < 128
    ? [body.length]
    : body.length < 256
    ? [0x81, body.length]
    : [0x82, body.length >> 8, body.length & 255]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}
const sequence = (...parts: ReadonlyArray<Buffer>) => der(0x30, ...parts)
const oid = (hex: string) => der(0x06, Buffer.from(hex, "hex"))
const utf8 = (text: string) => der(0x0c, Buffer.from(text))
const time = (date: Date) => der(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]|\.\d+/g, "")}`))
const bits = (bytes: Buffer) => der(0x03, Buffer.from([0]), bytes)
const yes = der(0x01, Buffer.from([0xff]))

const ecdsaWithSha256 = sequence(oid("2a8648ce3d040302"))
const commonName = (name: string) => der(0x31, sequence(oid("550403"), utf8(name)))
const organization = (name: string) => der(0x31, sequence(oid("55040a"), utf8(name)))
const extension = (id: string, critical: boolean, value: Buffer) =>
  sequence(oid(id), ...(critical ? [yes] : []), der(0x04, value))

const isAuthority = [
  extension("551d13", true, sequence(yes)),
  extension("551d0f", true, der(0x03, Buffer.from([1, 0x06]))) // sign certificates and lists
]
const usage = (id: string) => [extension("551d25", false, sequence(oid(id)))]
const clientAuth = usage("2b06010505070302")
const serverAuth = usage("2b06010505070301")
const alternatives = (names: ReadonlyArray<string>) =>
  extension(
    "551d11",
    false,
    sequence(
      der(0x87, Buffer.from([127, 0, 0, 1])),
      ...names.map((name) => der(0x82, Buffer.from(name)))
    )
  )

const pem = (bytes: Buffer) =>
  ["-----BEGIN CERTIFICATE-----", ...bytes.toString("base64").match(/.{1,64}/g) ?? [], "-----END CERTIFICATE-----", ""]
    .join("\n")

const day = 86_400_000

const certify = (
  subject: Buffer,
  extensions: ReadonlyArray<Buffer>,
  issuer?: { readonly name: Buffer; readonly key: KeyObject }
) => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const now = Date.now()
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))), // version 3
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWithSha256,
    issuer?.name ?? subject,
    sequence(time(new Date(now - day)), time(new Date(now + 365 * day))),
    subject,
    createPublicKey(privateKey).export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensions))
  )
  const signature = sign("sha256", body, issuer?.key ?? privateKey)
  return {
    privateKey,
    certificate: pem(sequence(body, ecdsaWithSha256, bits(signature))),
    key: String(privateKey.export({ type: "pkcs8", format: "pem" }))
  }
}

/** A fresh certificate authority that lives in memory. */
export const makeAuthority = (): Authority => {
  const name = sequence(commonName("sluice-test"))
  const { certificate, key, privateKey } = certify(name, isAuthority)
  const issue = (subject: Buffer, extensions: ReadonlyArray<Buffer>): Credential => {
    const issued = certify(subject, extensions, { name, key: privateKey })
    return { certificate: issued.certificate, key: issued.key }
  }
  return {
    certificate,
    key,
    client: (user, groups) => issue(sequence(...groups.map(organization), commonName(user)), clientAuth),
    server: (names) => issue(sequence(commonName("kube-apiserver")), [...serverAuth, alternatives(names)])
  }
}
