import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { countDecision } from "../../src/controller/countDecision.ts"
import type { DecisionRecord } from "../../src/domain/DecisionRecord.ts"
import { exposition } from "../../src/telemetry/exposition.ts"
import { Meter, MeterState } from "../../src/telemetry/Meter.ts"
import { metrics } from "../../src/telemetry/metrics.ts"

const recordOf = (origin: "repository" | "bundle", names: ReadonlyArray<string>): DecisionRecord => ({
  pass: "objects",
  id: "",
  policies: "",
  bundles: [{ name: "shop", digest: "", origin }],
  evidence: {
    input: "",
    judged: 1,
    nanoseconds: 20_000_000,
    rules: names.map((policy) => ({ bundle: "shop", policy, passed: 2, warned: 0, denied: 1, waived: 0 }))
  },
  verdict: "denied",
  summary: { objects: 3, passed: 2, warned: 0, denied: 1, waived: 0 },
  violations: [],
  waived: []
})

const page = (...records: ReadonlyArray<DecisionRecord>) =>
  Effect.gen(function*() {
    const meter = new MeterState()
    yield* Effect.provideService(Effect.forEach(records, countDecision, { discard: true }), Meter, meter)
    return [...exposition(metrics, meter.scrape())].join("").split("\n")
  })

it.effect("counts what each policy said, and how long a decision took", () =>
  Effect.gen(function*() {
    const lines = yield* page(recordOf("bundle", ["a"]), recordOf("bundle", ["a"]))
    const of = (name: string) => lines.filter((line) => line.startsWith(name)).sort()
    assert.deepStrictEqual(of("sluice_policy_results_total{"), [
      `sluice_policy_results_total{bundle="shop",rule="a",result="denied"} 2`,
      `sluice_policy_results_total{bundle="shop",rule="a",result="passed"} 4`
    ])
    assert.deepStrictEqual(of("sluice_policy_decisions_total{"), [
      `sluice_policy_decisions_total{pass="objects",verdict="denied"} 2`
    ])
    assert.deepStrictEqual(of("sluice_policy_evaluation_seconds_sum"), [
      `sluice_policy_evaluation_seconds_sum{pass="objects"} 0.04`
    ])
  }))

it.effect("names only so many policies of repositories, and those of the platform all the same", () =>
  Effect.gen(function*() {
    const names = Array.from({ length: 1_000 }, (_, index) => `policy-${index}`)
    const lines = yield* page(recordOf("repository", names), recordOf("bundle", ["of-the-platform"]))
    const denied = lines.filter((line) => line.includes(`result="denied"`))
    assert.isAtMost(denied.length, 202)
    assert.isTrue(denied.some((line) => line.includes(`rule="other"`) && Number(line.split(" ").at(-1)) >= 800))
    assert.isTrue(denied.some((line) => line.includes(`rule="of-the-platform"`)))
  }))
