import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { configMap, gate, judge } from "./gate.ts"

const runaway = {
  "policies/fine.rego": "package fine\n\nwarn contains input.metadata.name if input.data.warn\n",
  "policies/slow.rego": `package slow

deny contains "found" if {
	input.data.hang
	some a in numbers.range(1, 3000)
	some b in numbers.range(1, 3000)
	some c in numbers.range(1, 3000)
	a == -1
	b == c
}
`
}

layer(gate(undefined, { deadline: 500 }), { excludeTestServices: true })("a runaway policy", (it) => {
  it.effect("is ended, denies its object by name, and leaves the rest to be judged", () =>
    Effect.gen(function*() {
      const maps = ["a", "b", "c", "d"].map((name) => configMap(name, name === "b" ? { hang: "yes" } : { warn: "yes" }))
      const decision = yield* judge(runaway, maps)
      assert.strictEqual(decision._tag, "Denied")
      assert.deepStrictEqual(
        decision.violations.map(({ object, policy, rule, severity }) => [policy, rule, severity, object.name]),
        [["fine", "warn", "warn", "a"], ["fine", "warn", "warn", "c"], ["fine", "warn", "warn", "d"], [
          "slow",
          "error",
          "deny",
          "b"
        ]]
      )
      assert.match(decision.violations[3]!.message, /policy slow could not judge ConfigMap\/shop\/b: .*exceeded/)
    }), 30_000)

  it.effect("does not cost the deadline for each of many objects", () =>
    Effect.gen(function*() {
      const maps = Array.from({ length: 40 }, (_, index) => configMap(`m${index}`, { hang: "yes" }))
      const decision = yield* judge(runaway, maps)
      assert.strictEqual(decision.summary.denied, 40)
      assert.strictEqual(decision.violations.filter(({ message }) => message.includes("not judged")).length, 37)
    }), 60_000)
})
