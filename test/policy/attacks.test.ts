import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Document from "../../src/policy/Document.ts"
import { evaluate } from "../../src/policy/evaluate.ts"
import * as Workers from "../../src/policy/Workers.ts"
import { configMap, gate, judge } from "./gate.ts"

const only = (body: string) => ({
  "policies/greedy.rego": `package greedy\n\ndeny contains "x" if {\n\tinput.data.greedy\n${body}\n}\n`,
  "policies/fine.rego": "package fine\n\nwarn contains input.metadata.name\n"
})

/** Rego that asks for more than there is, in the wasm's memory or in the heap of the thread around it. */
const greedy: Readonly<Record<string, string>> = {
  "makes texts without end":
    `	texts := [text | some i in numbers.range(1, 40); text := concat("", [x | some _ in numbers.range(1, 100000); x := input.data.greedy])]
	count(texts) == -1`,
  "asks for a long range": "	count(numbers.range_step(1, 2000000000, 1)) == -1",
  "fills the memory of the wasm": "	count(numbers.range(1, 50000000)) == -1",
  "expands a network": "	count(net.cidr_expand(\"10.0.0.0/8\")) == -1"
}

layer(gate(undefined, { deadline: 400 }), { excludeTestServices: true })("a policy that asks for too much", (it) => {
  for (const [name, body] of Object.entries(greedy)) {
    it.effect(`${name}: it denies its object, and the others are judged`, () =>
      Effect.gen(function*() {
        const decision = yield* judge(only(body), [
          configMap("a"),
          configMap("b", { greedy: "xxxxxxxxxx" }),
          configMap("c")
        ])
        assert.strictEqual(decision._tag, "Denied")
        const denied = decision.violations.filter(({ severity }) => severity === "deny")
        assert.deepStrictEqual(denied.map(({ object, rule }) => [object.name, rule]), [["b", "error"]])
        assert.match(denied[0]!.message, /could not judge ConfigMap\/shop\/b/u)
        const warned = decision.violations.filter(({ severity }) => severity === "warn").map(({ object }) =>
          object.name
        )
        assert.includeMembers(warned, ["a", "c"])
      }), 30_000)
  }
})

layer(gate(), { excludeTestServices: true })("a thread that cannot judge", (it) => {
  it.effect("passes nothing: what it loads is no policy", () =>
    Effect.gen(function*() {
      const workers = yield* Workers.make(1)
      const empty = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])
      const module = yield* Effect.promise(() => WebAssembly.compile(empty))
      const set = {
        digest: "empty",
        policies: [{ module, data: "{}", given: { bundle: 0, parameters: {} }, rules: ["object" as const] }]
      }
      const object = configMap("a")
      const document = Document.ofObject(object, JSON.stringify(object))
      const error = yield* Effect.flip(evaluate(workers, set, [document], { now: 0n }))
      assert.match(error.message, /the policies could not be loaded/u)
    }).pipe(Effect.scoped))
})
