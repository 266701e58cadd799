import { assert, describe, it } from "@effect/vitest"
import { Outcome } from "../../src/domain/Outcome.ts"
import type { Revision } from "../../src/domain/Revision.ts"
import { subscriptions, type Told, transition } from "../../src/notify/transition.ts"
import {
  applied,
  applyFailed,
  denied,
  fetchFailed,
  healthTimeout,
  pruneBlocked,
  revision,
  unchanged
} from "./outcomes.ts"

const A = revision("a")
const B = revision("b")
const C = revision("c")
const interrupted = Outcome.Interrupted({ by: "main@b" })
const nothingChanged = Outcome.Applied({
  changes: { created: 0, configured: 0, replaced: 0, pruned: 0, unchanged: 3 },
  objects: [],
  violations: [],
  summary: { objects: 3, passed: 3, warned: 0, denied: 0, waived: 0 }
})

type Step = readonly [Revision | undefined, Outcome]

/** The states told by a history of outcomes; `-` where nothing was. */
const told = (...steps: ReadonlyArray<Step>): string => {
  let last: Told | undefined
  return steps.map(([about, outcome]) => {
    const happened = transition(outcome, about, last)
    last = happened?.told ?? last
    return happened?.state ?? "-"
  }).join(" ")
}

const table: ReadonlyArray<readonly [string, string, ReadonlyArray<Step>]> = [
  ["a change is told once", "applied - -", [[A, applied], [A, applied], [A, unchanged]]],
  ["a revision that changed nothing is not told", "- applied -", [[A, unchanged], [B, applied], [C, unchanged]]],
  ["an apply without changes is not told", "-", [[A, nothingChanged]]],
  ["a denial is told once a revision", "blocked - blocked", [[A, denied], [A, denied], [B, denied]]],
  ["the fix of a denial recovers", "blocked recovered -", [[A, denied], [B, applied], [B, unchanged]]],
  ["the revert of a denial recovers", "applied blocked recovered", [[A, applied], [B, denied], [C, unchanged]]],
  ["a retry of the same failure is silent", "failed - -", [[A, applyFailed], [A, applyFailed], [A, applyFailed]]],
  ["another reason is another failure", "failed failed", [[A, applyFailed], [A, healthTimeout]]],
  [
    "reasons that alternate are told once each",
    "failed failed - -",
    [[A, applyFailed], [A, healthTimeout], [A, applyFailed], [A, healthTimeout]]
  ],
  ["a failure after a recovery is told again", "failed recovered failed", [
    [A, applyFailed],
    [A, applied],
    [A, applyFailed]
  ]],
  ["a fetch that fails without a revision is told once", "applied failed - recovered", [
    [A, applied],
    [undefined, fetchFailed],
    [undefined, fetchFailed],
    [A, unchanged]
  ]],
  ["a denial is not told again after a failed fetch", "blocked failed -", [
    [A, denied],
    [undefined, fetchFailed],
    [A, denied]
  ]],
  ["the first thing ever may be a failed fetch", "failed - recovered", [
    [undefined, fetchFailed],
    [undefined, fetchFailed],
    [A, applied]
  ]],
  ["interrupted runs are silent", "- blocked -", [[A, interrupted], [A, denied], [B, interrupted]]],
  ["a rollback is told", "applied applied applied", [[A, applied], [B, applied], [A, applied]]],
  ["what waits for a person is blocked", "blocked - recovered", [[A, pruneBlocked], [A, pruneBlocked], [A, applied]]]
]

describe("transition", () => {
  for (const [name, expected, steps] of table) {
    it(name, () => assert.strictEqual(told(...steps), expected))
  }

  it("tells late what a killed process applied and could not tell", () => {
    const last = transition(applied, A, undefined)!.told
    assert.strictEqual(transition(unchanged, B, last, B)?.state, "applied")
    assert.isUndefined(transition(unchanged, B, last, A))
    assert.isUndefined(transition(unchanged, A, last, A))
  })

  it("does not look at texts and durations", () => {
    const first = transition(Outcome.Failed({ error: fetchFailed.error, changes: undefined }), A, undefined)!
    const other = Outcome.Failed({ error: applyFailed.error, changes: undefined })
    assert.isUndefined(transition(fetchFailed, A, first.told))
    assert.isDefined(transition(other, A, first.told))
  })

  it("tells a recovery to those who want to know what is applied", () => {
    assert.deepStrictEqual(subscriptions("recovered"), ["recovered", "applied"])
    assert.deepStrictEqual(subscriptions("blocked"), ["blocked"])
  })
})
