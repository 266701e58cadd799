import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { policySet } from "../../src/domain/policySet.ts"
import { Policy } from "../../src/policy/Policy.ts"
import { artifactOf, configMap, deliveryOf, gate, judge, manifestOf, renderedOf } from "./gate.ts"

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

  it.effect("blames no object for a batch that was too slow as a whole", () =>
    Effect.gen(function*() {
      const slow = {
        "policies/slow.rego": `package slow

deny contains "found" if {
	some a in numbers.range(1, 80)
	some b in numbers.range(1, 80)
	a * b == -1
}
`
      }
      const maps = Array.from({ length: 120 }, (_, index) => configMap(`m${index}`))
      const decision = yield* judge(slow, maps)
      const alone = yield* judge(slow, [configMap("m0")])
      assert.strictEqual(alone._tag, "Passed")
      assert.isFalse(decision.violations.some(({ message }) => message.includes("exceeded")))
    }), 60_000)

  it.effect("does not cost the deadline for each of many objects", () =>
    Effect.gen(function*() {
      const maps = Array.from({ length: 40 }, (_, index) => configMap(`m${index}`, { hang: "yes" }))
      const decision = yield* judge(runaway, maps)
      assert.strictEqual(decision.summary.denied, 40)
      assert.strictEqual(decision.violations.filter(({ message }) => message.includes("not judged")).length, 37)
    }), 60_000)

  it.effect(
    "lets nothing pass that an audited bundle keeps the enforced ones from judging",
    () =>
      Effect.gen(function*() {
        const policy = yield* Policy
        const of = Effect.fnUntraced(function*(files: Readonly<Record<string, string>>, enforcement: string) {
          return (yield* policy.load(deliveryOf({ enforcement }), artifactOf(files))).bundles[0]!
        })
        const audited = { ...yield* of(runaway, "audit"), name: "audited", origin: "bundle" as const }
        const own = yield* of({ "policies/no.rego": "package no\n\ndeny contains \"no\"\n" }, "enforce")
        const maps = Array.from({ length: 5 }, (_, index) => manifestOf(configMap(`m${index}`, { hang: "yes" })))
        const both = yield* policy.objects(policySet([audited, own]), renderedOf(...maps))
        assert.strictEqual(both._tag, "Denied")
        assert.strictEqual(both.summary.denied, 5)
        const alone = yield* policy.objects(policySet([audited]), renderedOf(...maps))
        assert.strictEqual(alone._tag, "Passed", "where all is audited nothing is denied")
      }),
    60_000
  )
})

// Time enough for three others beside it, however busy the machine is.
layer(gate(undefined, { deadline: 2_000 }), { excludeTestServices: true })("a runaway policy with more time", (it) => {
  it.effect("lets the others go on meanwhile, and costs its deadline once", () =>
    Effect.gen(function*() {
      const hanging = judge(runaway, [configMap("hangs", { hang: "yes" })])
      const first = yield* Effect.forkChild(hanging)
      const others = yield* Effect.forEach([1, 2, 3], (index) => judge(runaway, [configMap(`fine${index}`)]))
      assert.deepStrictEqual(others.map(({ _tag }) => _tag), ["Passed", "Passed", "Passed"])
      assert.isUndefined(first.pollUnsafe(), "the three were judged while the first was still running away")
      const denied = yield* Fiber.join(first)
      assert.strictEqual(denied._tag, "Denied")
      const again = yield* Effect.timeoutOption(hanging, "1500 millis")
      const told = Option.map(again, ({ violations }) => violations)
      assert.deepStrictEqual(told, Option.some(denied.violations), "it is remembered")
    }), 30_000)
})
