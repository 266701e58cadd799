import { assert, describe, it } from "@effect/vitest"
import type { Json } from "../../../src/domain/Json.ts"
import { withDefaults, wrongWith } from "../../../src/policy/gatekeeper/parameters.ts"

describe("parameters and the template's schema", () => {
  const cases: ReadonlyArray<readonly [string, Json, Json, ReadonlyArray<string>]> = [
    ["nothing is said", { a: 1 }, {}, []],
    ["types", { a: "x", b: 1 }, { properties: { a: { type: "string" }, b: { type: "string" } } }, [
      "b string is wanted"
    ]],
    ["an integer", { a: 1.5 }, { properties: { a: { type: "integer" } } }, ["a integer is wanted"]],
    ["items", { a: [1, "x"] }, { properties: { a: { type: "array", items: { type: "number" } } } }, [
      "a.1 number is wanted"
    ]],
    ["fields of any name", { a: { b: 1 } }, { properties: { a: { additionalProperties: { type: "boolean" } } } }, [
      "a.b boolean is wanted"
    ]],
    ["fields that nobody named", { other: 1 }, { type: "object", properties: { a: {} } }, []],
    ["required", {}, { type: "object", required: ["a"] }, [" the field a is missing"]],
    ["choices", { a: "z" }, { properties: { a: { enum: ["x", "y"] } } }, [`a one of ["x","y"] is wanted`]],
    [
      "sizes",
      { a: 1, b: "xx", c: [] },
      { properties: { a: { minimum: 2 }, b: { maxLength: 1 }, c: { minItems: 1 } } },
      [
        "a at least 2 is wanted",
        "b not longer than 1 is wanted",
        "c not less items than 1 is wanted"
      ]
    ],
    ["patterns", { a: "1" }, { properties: { a: { pattern: "^[a-z]+$" } } }, [
      "a a text that matches ^[a-z]+$ is wanted"
    ]],
    ["null where it may be", { a: null }, { properties: { a: { type: "string", nullable: true } } }, []],
    ["null where it may not be", { a: null }, { properties: { a: { type: "string" } } }, ["a string is wanted"]],
    ["an integer or a text", { a: "50%", b: 1, c: true }, {
      properties: Object.fromEntries(["a", "b", "c"].map((name) => [name, { "x-kubernetes-int-or-string": true }]))
    }, ["c an integer or a text is wanted"]],
    ["one of several", { a: true }, { properties: { a: { oneOf: [{ type: "string" }, { type: "number" }] } } }, [
      "a it fits none of what is allowed"
    ]],
    ["names that every object has", { constructor: "x" }, {
      properties: { a: { type: "string" } },
      required: ["toString"]
    }, [
      " the field toString is missing"
    ]]
  ]
  for (const [what, value, schema, wrong] of cases) {
    it(
      what,
      () =>
        assert.deepStrictEqual(
          wrongWith(value, schema).map(({ message, path }) => `${path.join(".")} ${message}`),
          wrong
        )
    )
  }

  it("defaults fill what is not there, in lists and fields of any name as well", () => {
    const item = { type: "object", properties: { b: { default: 1 } } }
    const schema = {
      properties: { a: { default: {}, properties: { b: { default: 2 } } }, list: { items: item }, n: { default: 3 } }
    }
    assert.deepStrictEqual(withDefaults({ list: [{}, { b: 5 }], n: null }, schema), {
      a: { b: 2 },
      list: [{ b: 1 }, { b: 5 }],
      n: 3
    })
  })
})
