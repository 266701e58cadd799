import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Base } from "../gate.ts"
import { differences } from "./oracle.ts"

const values = [
  "{\"b\", \"a\", 3, {\"x\": {2, 1}}}",
  "{\"b\": 1, \"a\": \"<&>\\u2028\\u0001é\", \"c\": [1.50, 1e3, 12345678901234567890]}",
  "{1: \"x\", [1]: \"y\", null: {true}}",
  "[]",
  "{}",
  "set()",
  "[[], {}, {\"a\": []}]",
  "\"text\"",
  "null"
]

const options = [
  "{}",
  "{\"pretty\": true}",
  "{\"pretty\": false, \"indent\": \"  \"}",
  "{\"indent\": \"--\", \"prefix\": \">\"}",
  "{\"prefix\": \">\", \"pretty\": true}"
]

const numbers = [
  "0",
  "15.9",
  "-15.9",
  "9007199254740991",
  "9007199254740993",
  "-9007199254740993",
  "18446744073709551617",
  "-18446744073709551617",
  "-1e20",
  "1.5e3",
  "0.001"
]

layer(Base)("texts of values", (it) => {
  it.effect("marshals sets sorted, and escapes as Go does", () =>
    Effect.gen(function*() {
      const expressions = [
        ...values.map((value) => `json.marshal(${value})`),
        ...options.flatMap((one) => values.map((value) => `json.marshal_with_options(${value}, ${one})`))
      ]
      assert.deepStrictEqual(yield* differences(expressions), [])
    }), 30_000)

  it.effect("formats integers of any length", () =>
    Effect.gen(function*() {
      const expressions = numbers.flatMap((number) =>
        ["2", "8", "10", "16", "3", "10.0"].map((base) => `format_int(${number}, ${base})`)
      )
      assert.deepStrictEqual(yield* differences(expressions), [])
    }), 30_000)

  it.effect("compares numbers exactly", () =>
    Effect.gen(function*() {
      const all = ["1", "1.0", "10e-1", "9007199254740993", "9007199254740992.0", "0.1", "1e-1", "-0.0", "0", "1e400"]
      const expressions = all.flatMap((a) => all.map((b) => `object.subset({"a": [${a}]}, {"a": [${b}]})`))
      assert.deepStrictEqual(yield* differences([...expressions, `count({${all.join(", ")}})`]), [])
    }), 30_000)
})
