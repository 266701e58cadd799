import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { definitions } from "../../src/api/v1alpha1/crd.ts"
import { Delivery, milliseconds, WrittenDelivery } from "../../src/api/v1alpha1/Delivery.ts"
import { at, isJsonObject, type Json, type JsonObject } from "../../src/domain/Json.ts"

interface Node {
  readonly path: string
  readonly schema: JsonObject
}

const below = ({ path, schema }: Node): ReadonlyArray<Node> => {
  const { additionalProperties, items, properties } = schema
  return [
    ...Object.entries(isJsonObject(properties) ? properties : {}).map(([name, schema]) => ({
      path: `${path}.${name}`,
      schema: schema as JsonObject
    })),
    ...isJsonObject(items) ? [{ path: `${path}[]`, schema: items }] : [],
    ...isJsonObject(additionalProperties) ? [{ path: `${path}[*]`, schema: additionalProperties }] : []
  ]
}

const nodes = (node: Node): ReadonlyArray<Node> => [node, ...below(node).flatMap(nodes)]

const schemaOf = (definition: JsonObject) =>
  at(definition, "spec", "versions", 0, "schema", "openAPIV3Schema") as JsonObject

/** What the API server fills in, by the rules of its structural defaulting. */
const filled = (schema: Json, value: Json): Json => {
  if (Array.isArray(value)) return value.map((entry) => filled(at(schema, "items") ?? {}, entry as Json))
  const properties = at(schema, "properties")
  if (!isJsonObject(value) || !isJsonObject(properties)) return value
  const defaults = Object.entries(properties).flatMap(([name, field]) => {
    const fallback = at(field, "default")
    return Object.hasOwn(value, name) || fallback === undefined ? [] : [[name, fallback] as const]
  })
  const whole = { ...value, ...Object.fromEntries(defaults) }
  return Object.fromEntries(
    Object.entries(whole).map(([name, entry]) => [name, filled(at(properties, name) ?? {}, entry)])
  )
}

describe("definitions", () => {
  for (const { definition, plural } of definitions) {
    const all = nodes({ path: plural, schema: schemaOf(definition) })

    it(`${plural} is structural`, () => {
      const wrong = all.filter(({ schema }) =>
        (schema.type === undefined && schema["x-kubernetes-int-or-string"] !== true &&
          schema["x-kubernetes-preserve-unknown-fields"] !== true) ||
        (schema.properties !== undefined && schema.additionalProperties !== undefined) ||
        ["$ref", "$defs", "allOf", "anyOf", "oneOf", "not", "const", "examples", "prefixItems"].some((key) =>
          Object.hasOwn(schema, key)
        )
      )
      assert.deepStrictEqual(wrong.map(({ path }) => path), [])
    })

    it(`${plural} describes every field`, () => {
      const silent = all.filter(({ path, schema }) =>
        !path.endsWith("[]") && !path.endsWith("[*]") && !path.endsWith(".metadata") && schema.description === undefined
      )
      assert.deepStrictEqual(silent.map(({ path }) => path), [])
    })

    it(`${plural} bounds every text and list of its spec, save where values are free`, () => {
      const bare = all.filter(({ path, schema }) =>
        path.startsWith(`${plural}.spec`) && !path.endsWith(".matchLabels[*]") &&
        ((schema.type === "string" && schema.enum === undefined && schema.maxLength === undefined) ||
          (schema.type === "array" && schema.maxItems === undefined))
      )
      assert.deepStrictEqual(bare.map(({ path }) => path), [])
    })

    it(`${plural} fits into an annotation of kubectl`, () => {
      assert.isBelow(JSON.stringify(definition).length, 200_000)
    })
  }

  it("has the defaults of the decoder", () => {
    const spec = at(schemaOf(definitions[0]!.definition), "properties", "spec")!
    const metadata = { name: "shop", namespace: "shop" }
    const git = { url: "https://git.example.com/shop.git", branch: "main" }
    for (
      const given of [
        { source: { git } },
        { source: { git }, helm: {}, render: { kubernetes: { version: "1.36.3" } } },
        {
          source: { git },
          apply: { timeout: "1m", ignore: [{ paths: ["/spec/replicas"] }] },
          notify: [{ name: "chat" }]
        }
      ]
    ) {
      const resource = { apiVersion: "sluice.dev/v1alpha1", kind: "Delivery", metadata, spec: given }
      assert.deepStrictEqual<unknown>(Schema.decodeUnknownSync(Delivery)(resource).spec, filled(spec, given))
      assert.deepStrictEqual<unknown>(Schema.decodeUnknownSync(WrittenDelivery)(resource).spec, filled(spec, given))
    }
    assert.strictEqual(at(filled(spec, {}), "suspend"), false)
  })

  it("takes no duration that is not a safe number of milliseconds", () => {
    assert.isTrue(Number.isSafeInteger(Math.floor(milliseconds("99999999.999h".repeat(4)))))
    assert.strictEqual(milliseconds("1h30m0.5s"), 5_400_500)
  })
})
