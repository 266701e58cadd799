import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readJson } from "../../../src/policy/builtins/json.ts"
import { Base } from "../gate.ts"
import { differences } from "./oracle.ts"

/** A schema and documents that each break it in one way, or not at all. */
const cases: ReadonlyArray<readonly [unknown, ReadonlyArray<unknown>]> = [
  [{ type: "object", properties: { id: { type: "integer" } }, required: ["id"] }, [
    { id: 1 },
    { id: 1.5 },
    { id: "x" },
    {},
    [],
    { id: null }
  ]],
  [{ type: ["object", "array"] }, [{}, [], "\"text\"", "1"]],
  [{ properties: { a: { properties: { b: { items: { type: "string" } } } } } }, [
    { a: { b: ["x", 1] } },
    { a: { b: ["x"] } }
  ]],
  [{ additionalProperties: false, properties: { a: {} }, patternProperties: { "^x-": { type: "string" } } }, [
    { a: 1 },
    { b: 1 },
    { "x-1": "y" },
    { "x-1": 1 }
  ]],
  [{ enum: [{}, { a: [1, "x"] }] }, [{}, { a: [1, "x"] }, { a: 1 }]],
  [{ properties: { a: { const: { b: 1 } } } }, [{ a: { b: 1 } }, { a: 1 }]],
  [{ items: { minimum: 3, maximum: 5.5, multipleOf: 0.5 } }, [[3, 5.5, 4], [2.5], [6], [3.25]]],
  [{ items: { exclusiveMinimum: 3, exclusiveMaximum: 5 } }, [[4], [3], [5]]],
  [{ items: { minimum: 3, exclusiveMinimum: true, maximum: 5, exclusiveMaximum: false } }, [[4], [3], [5], [6]]],
  [{ items: { minLength: 2, maxLength: 3, pattern: "^\\p{L}+$" } }, [["äö"], ["ä"], ["äöüß"], ["a1"]]],
  [{ minItems: 1, maxItems: 2, uniqueItems: true }, [[], [1], [1, 2, 3], [1, 1], [{ a: 1, b: 2 }, { b: 2, a: 1 }]]],
  [{ items: [{ type: "string" }], additionalItems: false }, [["a"], ["a", 1], [1]]],
  [{ contains: { const: 3 } }, [[3, 4]]],
  [{ minProperties: 1, maxProperties: 1 }, [{}, { a: 1 }, { a: 1, b: 2 }]],
  [{ dependencies: { a: ["b"] } }, [{ a: 1, b: 2 }, { a: 1 }]],
  [{ propertyNames: { maxLength: 3 } }, [{ abc: 1 }]],
  [{ not: { required: ["a"] } }, [{}, { a: 1 }]],
  [{ anyOf: [{ required: ["a"] }, { required: ["b"] }] }, [{ a: 1 }]],
  [{ oneOf: [{ required: ["a"] }, { required: ["b"] }] }, [{ a: 1 }, { a: 1, b: 1 }]],
  [{ allOf: [{ required: ["a"] }, { required: ["b"] }] }, [{ a: 1, b: 2 }]],
  [{ $ref: "#/definitions/x", definitions: { x: { required: ["a"] } } }, [{ a: 1 }, {}]],
  [{ $schema: "http://json-schema.org/draft-04/schema#", id: "http://example.com/a", type: "object" }, [{}, []]],
  [true, [{}]]
]

const formats: Readonly<Record<string, ReadonlyArray<string>>> = {
  date: ["2024-02-29", "2023-02-29", "x"],
  time: ["12:00:00", "12:00:00Z", "25:00:00"],
  "date-time": ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00.123+02:00", "2024-01-01", "2024-01-01 00:00:00"],
  hostname: ["example.com", "-a.b", `${"a".repeat(64)}.b`, "a_b"],
  email: ["a@example.com", "Name <a@example.com>", "a", "a@"],
  ipv4: ["1.2.3.4", "1.2.3", "::1"],
  ipv6: ["::1", "1.2.3.4", "x"],
  uri: ["https://example.com", "/a", "a\\b"],
  "uri-reference": ["/a", "a:b", ":"],
  uuid: ["123e4567-e89b-12d3-a456-426614174000", "x"],
  regex: ["^a(b)$", "(?=a)", "("],
  "json-pointer": ["/a/~0", "a", "/~2"],
  "relative-json-pointer": ["1/a", "0#", "/a"],
  other: ["anything"]
}

const wrong = [
  "{\"type\": \"unknown\"}",
  "{\"properties\": {\"a\": {\"type\": [\"string\", \"number2\"]}}}",
  "{\"type\": \"string\"}",
  "{\"properties\": {\"type\": {\"type\": \"string\"}}}",
  "not json"
]

const matches = (pairs: ReadonlyArray<readonly [unknown, unknown]>, part = "") => {
  const text = ([schema, document]: readonly [unknown, unknown]) => ({
    document,
    schema: typeof schema === "boolean" ? JSON.stringify(schema) : schema
  })
  return {
    expressions: pairs.map((_, index) => `json.match_schema(input[${index}].document, input[${index}].schema)${part}`),
    input: readJson(JSON.stringify(pairs.map(text)))
  }
}

layer(Base)("JSON schema", (it) => {
  it.effect("judges documents as OPA does, in its words", () =>
    Effect.gen(function*() {
      const { expressions, input } = matches([
        ...cases.flatMap(([schema, documents]) => documents.map((document) => [schema, document] as const)),
        ...Object.entries(formats).flatMap(([format, texts]) =>
          texts.map((text) => [{ items: { format } }, [text]] as const)
        ),
        ...wrong.map((schema) => [schema, {}] as const)
      ])
      assert.deepStrictEqual(yield* differences(expressions, input), [])
      const verified = wrong.map((_, index) => `json.verify_schema(input[${index}])`)
      assert.deepStrictEqual(yield* differences(verified, wrong), [])
    }), 30_000)

  it.effect("says whether a document is valid also where OPA chooses other complaints", () =>
    Effect.gen(function*() {
      const schemas = [
        { anyOf: [{ type: "string" }, { required: ["a"], properties: { a: { type: "integer" } } }] },
        { if: { required: ["a"] }, then: { required: ["b"] }, else: { required: ["c"] } },
        { contains: { const: 3 } },
        { propertyNames: { maxLength: 0 } }
      ]
      const documents = [{}, { a: 1 }, { a: "x" }, { a: 1, b: 1 }, { c: 1 }, [], [3], [4]]
      const pairs = schemas.flatMap((schema) => documents.map((document) => [schema, document] as const))
      const { expressions, input } = matches(pairs, "[0]")
      assert.deepStrictEqual(yield* differences(expressions, input), [])
    }), 30_000)
})
