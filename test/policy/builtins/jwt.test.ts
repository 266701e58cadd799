import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { createHmac, generateKeyPairSync, sign } from "node:crypto"
import { RegoObject, type RegoValue } from "../../../src/policy/regoValue.ts"
import { Base } from "../gate.ts"
import { differences } from "./oracle.ts"

const encode = (value: unknown) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url")

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 })
const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" })
const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" })
const ed = generateKeyPairSync("ed25519")
const secret = "secret"

const hmac = (header: unknown, payload: unknown, alg = "sha256") => {
  const text = `${encode(header)}.${encode(payload)}`
  return `${text}.${createHmac(alg, secret).update(text).digest("base64url")}`
}

const signed = (header: unknown, payload: unknown, key: Parameters<typeof sign>[2], hash: string | null = "sha256") => {
  const text = `${encode(header)}.${encode(payload)}`
  return `${text}.${sign(hash, Buffer.from(text), key).toString("base64url")}`
}

const claims = { iss: "opa", aud: ["a", "b"], exp: 2_000_000_000, nbf: 1_000_000_000.5, big: 1 }
const inner = hmac({ alg: "HS256" }, claims)

const tokens: Readonly<Record<string, string>> = {
  hs256: hmac({ alg: "HS256", typ: "JWT" }, claims),
  hs512: hmac({ alg: "HS512" }, claims, "sha512"),
  rs256: signed({ alg: "RS256", kid: "r" }, claims, rsa.privateKey),
  es256: signed({ alg: "ES256" }, claims, { key: p256.privateKey, dsaEncoding: "ieee-p1363" }),
  es384: signed({ alg: "ES384" }, claims, { key: p384.privateKey, dsaEncoding: "ieee-p1363" }, "sha384"),
  eddsa: signed({ alg: "EdDSA" }, claims, ed.privateKey, null),
  none: `${encode({ alg: "none" })}.${encode(claims)}.`,
  twice: `${encode("{\"alg\":\"none\",\"alg\":\"HS256\"}")}.${encode(claims)}.x0x0`,
  expired: hmac({ alg: "HS256" }, { exp: 1 }),
  early: hmac({ alg: "HS256" }, { nbf: 4e9 }),
  textual: hmac({ alg: "HS256" }, { exp: "1" }),
  critical: hmac({ alg: "HS256", crit: ["x"], x: 1 }, claims),
  understood: hmac({ alg: "HS256", crit: ["alg"], x: 1 }, claims),
  emptyCritical: hmac({ alg: "HS256", crit: [] }, claims),
  nested: hmac({ alg: "HS256", cty: "JWT" }, inner),
  quoted: hmac({ alg: "HS256", cty: "JWT" }, `"${inner}"`),
  lowerNested: hmac({ alg: "HS256", cty: "jwt" }, inner),
  encrypted: hmac({ alg: "HS256", enc: "x" }, claims),
  numbers: hmac({ alg: "HS256" }, "{\"a\": 12345678901234567890, \"b\": 1.50, \"c\": 1e3}"),
  list: hmac({ alg: "HS256" }, []),
  forged: `${encode({ alg: "HS256" })}.${encode({ iss: "opa" })}.${encode("forged")}`,
  twoParts: "a.b",
  badBase64: "a+b.c.d",
  padded: `${Buffer.from("{\"alg\":\"HS256\"}").toString("base64")}.e30=.`,
  empty: ""
}

const spki = (key: typeof rsa.publicKey) => String(key.export({ format: "pem", type: "spki" }))
const jwks = JSON.stringify({
  keys: [
    { ...p256.publicKey.export({ format: "jwk" }), kid: "r" },
    { ...rsa.publicKey.export({ format: "jwk" }), alg: "RS256" },
    { ...ed.publicKey.export({ format: "jwk" }), alg: "RSA-OAEP" }
  ]
})
const unknown = JSON.stringify({ ...ed.publicKey.export({ format: "jwk" }), alg: "unknown" })

const keys: Readonly<Record<string, string>> = {
  rsa: spki(rsa.publicKey),
  p256: spki(p256.publicKey),
  p384: spki(p384.publicKey),
  ed: spki(ed.publicKey),
  jwk: JSON.stringify(rsa.publicKey.export({ format: "jwk" })),
  jwks,
  unknown,
  both: spki(rsa.publicKey) + spki(p256.publicKey),
  secret,
  nothing: "{}"
}

const input = new RegoObject(
  [...Object.entries(tokens), ...Object.entries(keys)].map(([name, text]): [string, RegoValue] => [name, text])
)

const constraints = [
  "{\"secret\": input.secret, \"aud\": \"a\"}",
  "{\"secret\": input.secret, \"aud\": \"c\"}",
  "{\"secret\": input.secret}",
  "{\"secret\": \"other\", \"aud\": \"a\"}",
  "{\"secret\": input.secret, \"aud\": \"a\", \"alg\": \"HS512\"}",
  "{\"secret\": input.secret, \"aud\": \"a\", \"iss\": \"other\"}",
  "{\"secret\": input.secret, \"aud\": \"b\", \"time\": 1000000000500000000}",
  "{\"secret\": input.secret, \"aud\": \"b\", \"time\": 1000000000400000000}",
  "{\"secret\": input.secret, \"aud\": \"b\", \"time\": 2000000000000000000}",
  "{\"secret\": input.secret, \"time\": -1}",
  "{\"cert\": input.rsa, \"secret\": input.secret}",
  "{\"unknown\": 1, \"secret\": input.secret}",
  "{\"secret\": \"\"}",
  ...Object.keys(keys).map((key) => `{"cert": input.${key}, "aud": "a"}`)
]

const headers = ["HS256", "HS384", "HS512"].map((alg) => `{"alg": "${alg}", "typ": "JWT"}`)

layer(Base)("JSON Web Tokens", (it) => {
  it.effect("decodes and verifies as OPA does", () =>
    Effect.gen(function*() {
      const names = Object.keys(tokens)
      const verifiers = ["rs256", "rs512", "ps256", "es256", "es384", "eddsa", "hs256", "hs512"].flatMap((name) =>
        ["rsa", "p384", "jwks", "secret"].map((key) => (token: string) =>
          `io.jwt.verify_${name}(input.${token}, input.${key})`
        )
      )
      const expressions = [
        ...names.map((token) => `io.jwt.decode(input.${token})`),
        ...constraints.flatMap((one) => names.map((token) => `io.jwt.decode_verify(input.${token}, ${one})`)),
        ...verifiers.flatMap((verifier) => names.map(verifier))
      ]
      assert.isAbove(expressions.length, 1_000)
      assert.deepStrictEqual(yield* differences(expressions, input), [])
    }), 60_000)

  it.effect(
    "signs what can be signed in one way only as OPA does, and what it signed otherwise verifies",
    () =>
      Effect.gen(function*() {
        const jwk = (key: typeof rsa.privateKey) => JSON.stringify(key.export({ format: "jwk" }))
        const payload = "{\"z\": {1, 3, 2}, \"a\": \"<b>\", \"n\": 1.50, \"big\": 12345678901234567890}"
        const shared = "{\"kty\": \"oct\", \"k\": \"c2VjcmV0\"}"
        const signs = (header: string, key: string) => `io.jwt.encode_sign(${header}, ${payload}, ${key})`
        const checked = ["PS256", "PS512", "ES256"].map((alg) => {
          const [key, name] = alg === "ES256" ? [p256, "p256"] : [rsa, "rsa"]
          return `io.jwt.verify_${alg.toLowerCase()}(${signs(`{"alg": "${alg}"}`, jwk(key.privateKey))}, input.${name})`
        })
        const expressions = [
          ...headers.map((header) => signs(header, shared)),
          signs("{\"alg\": \"RS256\"}", jwk(rsa.privateKey)),
          signs("{\"alg\": \"EdDSA\"}", jwk(ed.privateKey)),
          signs("{\"alg\": \"ES256\"}", jwk(rsa.privateKey)),
          signs("{\"alg\": \"HS256\"}", jwk(rsa.privateKey)),
          signs("{\"alg\": \"RS256\"}", "{}"),
          signs("{\"alg\": \"none\"}", shared),
          ...checked,
          `io.jwt.encode_sign_raw("{ \\"alg\\": \\"HS256\\", \\"typ\\": \\"x\\" }", "no json", ${
            JSON.stringify(shared)
          })`,
          `io.jwt.encode_sign_raw("{ \\"alg\\": \\"HS256\\" }", "no json", ${JSON.stringify(shared)})`,
          `io.jwt.encode_sign_raw("x", "{}", ${JSON.stringify(shared)})`
        ]
        assert.deepStrictEqual(yield* differences(expressions, input), [])
      }),
    30_000
  )
})
