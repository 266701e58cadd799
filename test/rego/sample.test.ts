import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { Base } from "../policy/gate.ts"
import { readCases } from "./cases.ts"
import { makeCompiler } from "./compileCase.ts"
import { outcomesOf, surprises } from "./outcome.ts"

// OPA's cases come out of Go's module cache; all of them are `npm run test:rego`.
const hasGo = spawnSync("go", ["version"]).status === 0

layer(Base)("a sample of OPA's compliance cases", (it) => {
  it.effect.skipIf(!hasGo)("passes, but for what is known", () =>
    Effect.gen(function*() {
      const every = <A>(step: number, cases: ReadonlyArray<A>) => cases.filter((_, index) => index % step === 0)
      const cases = [...every(50, yield* readCases("v1")), ...every(100, yield* readCases("v0"))]
      assert.strictEqual(cases.length, 69)
      const outcomes = yield* outcomesOf(yield* makeCompiler, cases)
      assert.deepStrictEqual(surprises(outcomes), [])
      assert.isAbove(outcomes.filter(({ type }) => type === "passed").length, 55)
    }), 120_000)
})
