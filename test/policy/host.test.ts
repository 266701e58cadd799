import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { entrypoint } from "../../src/policy/entrypoint.ts"
import type { Host } from "../../src/policy/host.ts"
import { EvaluationError } from "../../src/policy/host.ts"
import { judge } from "../../src/policy/judge.ts"
import { plain } from "../../src/policy/plain.ts"
import { Base, configMap, hostOf } from "./gate.ts"

const bytes = (text: string) => Buffer.from(text)
const map = JSON.stringify(configMap("a"))
const identity = JSON.stringify(["v1", "ConfigMap", "shop", "a", 4])
const messages = (host: Host, json = map, id = identity) =>
  judge(host, "object", 0, bytes(json), id).map(({ isError, message }) =>
    isError === true ? `error: ${message}` : message
  ).sort()

const rule = (body: string) => ({ "a.rego": `package a\n\ndeny contains message if {\n${body}\n}\n` })

layer(Base)("the policy host", (it) => {
  it.effect("takes every unreadable or falsy input for an error, never for an object without findings", () =>
    Effect.gen(function*() {
      const host = yield* hostOf(rule("input.kind == \"Secret\"\nmessage := \"no\""))
      assert.deepStrictEqual(messages(host), [])
      for (
        const text of [
          map.slice(0, -5),
          `${map.slice(0, -1)}x`,
          "",
          "0",
          "\"\"",
          "false",
          "null",
          "[]",
          "{}",
          "not json"
        ]
      ) {
        assert.match(messages(host, text)[0] ?? "passed", /^error: the policies/, JSON.stringify(text))
      }
      assert.deepStrictEqual(messages(host), [])
    }))

  it.effect("notices when another object was judged", () =>
    Effect.gen(function*() {
      const host = yield* hostOf(rule("message := \"no\""))
      assert.match(messages(host, JSON.stringify(configMap("b")))[0]!, /did not see this document/)
    }))

  it.effect("never hangs on replace of an empty text, and answers as Go does", () =>
    Effect.gen(function*() {
      const host = yield* hostOf(rule(`message := concat("|", [
        replace("abc", "", "-"), replace("abc", "", ""), replace("aXbX", "X", "."), concat(",", {"b", "zz", "a"})
      ])`))
      assert.deepStrictEqual(messages(host), ["-a-b-c-|abc|a.b.|a,b,zz"])
    }))

  it.effect("leaves indexof of an empty text undefined", () =>
    Effect.gen(function*() {
      const host = yield* hostOf(rule("indexof(\"abc\", \"\") >= 0\nmessage := \"no\""))
      assert.deepStrictEqual(messages(host), [])
    }))

  it.effect("survives more exceptions than an instance does", () =>
    Effect.gen(function*() {
      const host = yield* hostOf({
        "a.rego": "package a\n\nx := 1 if input.kind\n\nx := 2 if input.metadata\n\ndeny contains \"x\" if x\n"
      })
      for (let index = 0; index < 4_200; index++) {
        assert.throws(() => host.evaluate(entrypoint("object"), bytes(map)), EvaluationError, "conflict")
      }
      const secret = JSON.stringify({ apiVersion: "v1", metadata: { name: "a" } })
      assert.deepStrictEqual(messages(host, secret, "[\"v1\",\"\",\"\",\"a\",2]"), ["x"])
    }), 30_000)

  it.effect("says file and line of a conflict", () =>
    Effect.gen(function*() {
      const host = yield* hostOf({
        "a.rego": "package a\n\nx := 1 if input.kind\n\nx := 2 if input.kind\n\ndeny contains \"x\" if x\n"
      })
      assert.match(messages(host)[0]!, /^error: .*p0000\.rego:[35]:\d+: .*conflict/)
    }))

  it.effect("keeps integers over 2^53, sorts sets, and quotes as Go does", () =>
    Effect.gen(function*() {
      const host = yield* hostOf(
        rule("message := sprintf(\"%v %d %v\", [input.data.big, input.data.big, {\"b\", \"a\", 1}])")
      )
      const json = map.replace("\"data\":{}", "\"data\":{\"big\":9007199254740993}")
      assert.deepStrictEqual(messages(host, json), ["9007199254740993 9007199254740993 {1, \"a\", \"b\"}"])
    }))

  it.effect("makes a failed built-in undefined, natively and in the host", () =>
    Effect.gen(function*() {
      const host = yield* hostOf(
        rule("some x in [to_number(\"x\"), units.parse(\"x\")]\nmessage := sprintf(\"%v\", [x])")
      )
      assert.deepStrictEqual(messages(host), [])
    }))

  it.effect("gives memory back and refuses what does not fit", () =>
    Effect.gen(function*() {
      const host = yield* hostOf(rule("message := concat(\"\", [input.data.text | some _ in numbers.range(1, 1000)])"))
      const [message] = messages(host, JSON.stringify(configMap("a", { text: "x".repeat(1_000_000) })))
      assert.match(message!, /^error: .*(malloc|memory)/)
      assert.deepStrictEqual(messages(host, JSON.stringify(configMap("a", { text: "" }))), [""])
      const small = yield* hostOf(rule("message := \"no\""))
      const large = JSON.stringify(configMap("a", { text: "x".repeat(1_400_000) }))
      assert.deepStrictEqual(messages(small, large), ["no"])
      assert.deepStrictEqual(messages(small), ["no"])
    }))

  it.effect("refuses objects that are too large or too deep", () =>
    Effect.gen(function*() {
      const host = yield* hostOf(rule("input.kind == \"Secret\"\nmessage := \"no\""))
      const deep = map.replace("\"data\":{}", `"data":${"[".repeat(501)}${"]".repeat(501)}`)
      assert.match(messages(host, deep)[0]!, /nested deeper/)
      const large = JSON.stringify(configMap("a", { text: "x".repeat(1_500_000) }))
      assert.match(messages(host, large)[0]!, /larger than/)
      const brackets = JSON.stringify(configMap("a", { text: `\\"${"[".repeat(600)}` }))
      assert.deepStrictEqual(messages(host, brackets), [])
    }))

  it.effect("takes results that are neither text nor an object with msg for errors", () =>
    Effect.gen(function*() {
      const host = yield* hostOf({
        "a.rego": `package a

deny contains 1
deny contains {"message": "x"}
deny_b := input.metadata.name
deny_c := {"ok"}
warn contains {"msg": "w", "_loc": {"file": "x.yaml", "line": 7}, "details": {"path": "data.a"}}
`
      })
      assert.deepStrictEqual(messages(host), [
        "error: a result is neither a text nor an object with a text `msg`",
        "error: a result is neither a text nor an object with a text `msg`",
        "error: the rule's value is not a set of results",
        "ok",
        "w"
      ])
      const finding = judge(host, "object", 0, bytes(map), identity).find(({ message }) => message === "w")
      assert.deepStrictEqual(finding?.location, { file: "x.yaml", line: 7 })
      assert.strictEqual(finding?.path, "data.a")
    }))

  it.effect("caps findings and the length of their messages", () =>
    Effect.gen(function*() {
      const host = yield* hostOf(
        rule("some index in numbers.range(1, 500)\nmessage := sprintf(\"%d %s\", [index, \"x\"])")
      )
      const many = messages(host)
      assert.strictEqual(many.length, 101)
      assert.include(many, "and 400 more findings")
      const long = yield* hostOf(rule("message := sprintf(\"%06000d\", [1])"))
      assert.strictEqual(messages(long)[0]!.length, 4_097)
    }))

  it.effect("hands sets and big numbers to the built-ins and takes them back", () =>
    Effect.gen(function*() {
      const host = yield* hostOf(
        rule("object.subset({1, 2, 9007199254740993}, {9007199254740993})\nmessage := \"yes\"")
      )
      assert.deepStrictEqual(messages(host), ["yes"])
      assert.deepStrictEqual(plain(host.evaluate(entrypoint("object"), bytes(map))!), {
        found: { "0": ["yes"] },
        saw: ["v1", "ConfigMap", "shop", "a", 4]
      })
    }))
})
