import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { generateKeyPairSync } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { RegoObject, type RegoValue } from "../../../src/policy/regoValue.ts"
import { Base } from "../gate.ts"
import { differences } from "./oracle.ts"

const file = (name: string) => readFileSync(join(import.meta.dirname, "certificates", name), "utf8")

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey
const ec = generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey
const ed = generateKeyPairSync("ed25519").privateKey

/** Certificates from 2020 to 2099: a root (RSA), a CA below it (P-256, name constraints), a leaf of that (Ed25519). */
const texts: Readonly<Record<string, string>> = {
  root: file("root.pem"),
  inter: file("inter.pem"),
  leaf: file("leaf.pem"),
  critical: file("critical.pem"),
  csr: file("csr.pem"),
  key: file("inter.key"),
  rsa1: String(rsa.export({ format: "pem", type: "pkcs1" })),
  rsa8: String(rsa.export({ format: "pem", type: "pkcs8" })),
  ec1: String(ec.export({ format: "pem", type: "sec1" })),
  ec8: String(ec.export({ format: "pem", type: "pkcs8" })),
  ed8: String(ed.export({ format: "pem", type: "pkcs8" })),
  public: String(generateKeyPairSync("ed25519").publicKey.export({ format: "pem", type: "spki" })),
  garbage: "bm90aGluZw==",
  empty: "",
  broken: file("leaf.pem").replace("MII", "MIJ")
}

const input = new RegoObject(Object.entries(texts).map(([name, text]): [string, RegoValue] => [name, text]))
const names = Object.keys(texts)
const der = (name: string) => `replace(replace(split(input.${name}, "-----")[2], "\\n", ""), "\\r", "")`
const chain = (...parts: ReadonlyArray<string>) => `concat("", [${parts.map((part) => `input.${part}`).join(", ")}])`

const options = [
  "{}",
  "{\"DNSName\": \"a.example.com\"}",
  "{\"DNSName\": \"A.Example.com.\"}",
  "{\"DNSName\": \"x.w.example.com\"}",
  "{\"DNSName\": \"x.y.w.example.com\"}",
  "{\"DNSName\": \"b.example.com\"}",
  "{\"DNSName\": \"10.0.0.1\"}",
  "{\"DNSName\": \"[10.0.0.2]\"}",
  "{\"CurrentTime\": 1700000000000000000}",
  "{\"CurrentTime\": 1500000000000000000}",
  "{\"CurrentTime\": 4200000000000000000}",
  "{\"CurrentTime\": \"x\"}",
  "{\"KeyUsages\": [\"KeyUsageClientAuth\"]}",
  "{\"KeyUsages\": {\"KeyUsageCodeSigning\"}}",
  "{\"KeyUsages\": [\"KeyUsageAny\"]}",
  "{\"KeyUsages\": [\"KeyUsageUnheardOf\"]}",
  "{\"MaxConstraintComparisons\": 5}",
  "{\"Unknown\": 5}"
]

layer(Base)("X.509", (it) => {
  it.effect("reads certificates, requests and keys into the fields that Go has", () =>
    Effect.gen(function*() {
      const expressions = [
        ...names.map((name) => `crypto.x509.parse_certificates(input.${name})`),
        ...names.map((name) => `crypto.x509.parse_certificate_request(input.${name})`),
        ...names.map((name) => `crypto.parse_private_keys(input.${name})`),
        ...names.map((name) => `crypto.x509.parse_rsa_private_key(input.${name})`),
        `crypto.x509.parse_certificates(${der("leaf")})`,
        "crypto.x509.parse_certificates(base64.encode(input.root))",
        `crypto.x509.parse_certificates(${chain("root", "inter")})`,
        `crypto.x509.parse_certificates(${chain("root", "key")})`,
        `crypto.x509.parse_certificate_request(${der("csr")})`,
        "crypto.x509.parse_certificate_request(base64.encode(input.csr))",
        "crypto.parse_private_keys(base64.encode(input.ec8))",
        `crypto.parse_private_keys(${chain("rsa1", "ec1", "leaf", "ed8")})`,
        "crypto.x509.parse_rsa_private_key(base64.encode(input.rsa8))",
        "crypto.x509.parse_keypair(input.inter, input.key)",
        "crypto.x509.parse_keypair(base64.encode(input.inter), base64.encode(input.key))",
        `crypto.x509.parse_keypair(${der("inter")}, ${der("key")})`,
        "crypto.x509.parse_keypair(input.leaf, input.key)",
        "crypto.x509.parse_keypair(input.inter, input.ec1)",
        "crypto.x509.parse_keypair(input.key, input.inter)"
      ]
      assert.deepStrictEqual(yield* differences(expressions, input), [])
    }), 30_000)

  it.effect("trusts the chains that Go trusts", () =>
    Effect.gen(function*() {
      const chains = [
        ["root", "inter", "leaf"],
        ["root", "leaf"],
        ["root", "inter"],
        ["inter", "leaf"],
        ["leaf", "leaf"],
        ["root", "leaf", "inter"],
        ["root", "inter", "critical"],
        ["root", "critical"],
        ["root"],
        ["key", "root"],
        ["garbage", "root"]
      ].map((parts) => chain(...parts))
      const expressions = [
        ...chains.map((one) => `crypto.x509.parse_and_verify_certificates(${one})`),
        ...chains.map((one) =>
          `crypto.x509.parse_and_verify_certificates_with_options(${one}, {"KeyUsages": ["KeyUsageAny"]})`
        ),
        ...options.map((one) =>
          `crypto.x509.parse_and_verify_certificates_with_options(${chain("root", "inter", "leaf")}, ${one})`
        )
      ]
      assert.deepStrictEqual(yield* differences(expressions, input), [])
    }), 30_000)
})
