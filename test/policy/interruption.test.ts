import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { Policy } from "../../src/policy/Policy.ts"
import { artifactOf, configMap, deliveryOf, gate, judge, manifestOf, renderedOf } from "./gate.ts"

const slow = {
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

layer(gate(undefined, { deadline: 600_000 }), { excludeTestServices: true })("an interrupted judgement", (it) => {
  it.effect("ends its thread at once, and the next one is judged", () =>
    Effect.gen(function*() {
      const gatekeeper = yield* Policy
      const set = yield* gatekeeper.load(deliveryOf(), artifactOf(slow))
      // Compiled and warm, so that the interruption meets an evaluation.
      yield* gatekeeper.objects(set, renderedOf(manifestOf(configMap("a"))))
      const hanging = yield* Effect.forkChild(
        gatekeeper.objects(set, renderedOf(manifestOf(configMap("b", { hang: "yes" })))),
        { startImmediately: true }
      )
      yield* Fiber.interrupt(hanging)
      const decision = yield* judge(slow, [configMap("c")])
      assert.strictEqual(decision._tag, "Passed")
    }), 30_000)
})
