import { assert, describe, it } from "@effect/vitest"
import { Noted } from "../../src/controller/Happening.ts"
import type { Outcome } from "../../src/domain/Outcome.ts"
import {
  ApplyFailed,
  DependencyNotReady,
  FetchFailed,
  PolicyUnavailable,
  PruneBlocked,
  RenderFailed,
  type StageError
} from "../../src/domain/StageError.ts"
import {
  advanced,
  again,
  applied,
  badge,
  condition,
  conditions,
  denied,
  failed,
  kstatus,
  onA,
  sha,
  story,
  timeout,
  unchanged,
  well
} from "./story.ts"

describe("status", () => {
  const outcomes: ReadonlyArray<
    readonly [name: string, outcome: Outcome, conditions: string, kstatus: string, badge: RegExp]
  > = [
    ["applied", applied, well, "Current", /^reconciled$/u],
    ["unchanged", unchanged, well, "Current", /^reconciled$/u],
    [
      "denied",
      denied,
      "Ready=False/PolicyDenied Stalled=True/PolicyDenied PolicyPassed=False/PolicyDenied Healthy=True/Succeeded",
      "Failed",
      /^failed: 2 policy violations: image-digest-required at environments\/prod\/checkout\.yaml:23: not pinned by digest$/u
    ],
    [
      "unreachable",
      failed(new FetchFailed({ detail: "gitlab.example.com: connection refused" })),
      "Ready=False/FetchFailed Reconciling=True/FetchFailed PolicyPassed=Unknown/FetchFailed Healthy=True/Succeeded",
      "InProgress",
      /^failed: gitlab\.example\.com: connection refused\. Check source\.git\.url/u
    ],
    [
      "not renderable",
      failed(new RenderFailed({ detail: "mapping values\n are not allowed", origin: { file: "a.yaml", line: 4 } })),
      "Ready=False/RenderFailed Stalled=True/RenderFailed PolicyPassed=Unknown/RenderFailed Healthy=True/Succeeded",
      "Failed",
      /^failed: a\.yaml:4: mapping values are not allowed\. Mend the file/u
    ],
    [
      "not judgeable",
      failed(new PolicyUnavailable({ detail: "it does not compile" })),
      "Ready=False/PolicyUnavailable Stalled=True/PolicyUnavailable PolicyPassed=Unknown/PolicyUnavailable Healthy=True/Succeeded",
      "Failed",
      /^failed: it does not compile/u
    ],
    [
      "waiting for another",
      failed(new DependencyNotReady({ detail: "shop/database is not ready" })),
      "Ready=False/DependencyNotReady Reconciling=True/DependencyNotReady PolicyPassed=Unknown/DependencyNotReady Healthy=True/Succeeded",
      "InProgress",
      /^failed: shop\/database is not ready/u
    ]
  ]
  for (const [name, outcome, expected, verdict, shown] of outcomes) {
    it(`of a delivery whose new revision is ${name}`, () => {
      const status = onA().runs(outcome, "b", again)
      assert.strictEqual(conditions(status), expected)
      assert.strictEqual(kstatus(status), verdict)
      assert.match(badge(status), shown)
      assert.notProperty(status, "stage")
      assert.strictEqual(status.history?.[0]?.outcome, outcome._tag)
    })
  }

  const applying: ReadonlyArray<readonly [name: string, error: StageError, conditions: string, applied: string]> = [
    [
      "is not healthy in time",
      timeout,
      "Ready=False/HealthTimeout Reconciling=True/HealthTimeout PolicyPassed=True/Succeeded Healthy=False/HealthTimeout",
      "b"
    ],
    [
      "fails half-way",
      new ApplyFailed({ detail: "no answer" }),
      "Ready=False/ApplyFailed Reconciling=True/ApplyFailed PolicyPassed=True/Succeeded Healthy=Unknown/ApplyFailed",
      "a"
    ],
    [
      "would delete too much",
      new PruneBlocked({ detail: "would delete Namespace/shop" }),
      "Ready=False/PruneBlocked Stalled=True/PruneBlocked PolicyPassed=True/Succeeded Healthy=Unknown/PruneBlocked",
      "a"
    ]
  ]
  for (const [name, error, expected, on] of applying) {
    it(`of a delivery whose apply ${name}`, () => {
      const life = onA()
      life.starts("b")
      life.reaches("b", "apply")
      const status = life.ends(failed(error), "b", again)
      assert.strictEqual(conditions(status), expected)
      assert.strictEqual(status.lastAppliedRevision, sha(on))
      assert.strictEqual(status.lastAttemptedRevision, sha("b"))
    })
  }

  it("shows a run on a new revision from its start, with its stage", () => {
    const life = onA()
    const status = life.starts("b")
    assert.strictEqual(status.stage, "fetch")
    assert.strictEqual(kstatus(status), "InProgress")
    assert.strictEqual(badge(status), "reconciling")
    const waiting = life.reaches("b", "apply")
    assert.strictEqual(
      conditions(waiting),
      "Ready=Unknown/InProgress Reconciling=True/InProgress PolicyPassed=True/Succeeded Healthy=Unknown/InProgress"
    )
    assert.strictEqual(waiting.stage, "apply")
    assert.strictEqual(condition(waiting, "Ready")?.message, `${sha("b")}: applying, then waiting for health`)
  })

  it("says that it is reconciling once such a look finds something to apply, and stays ready", () => {
    const life = onA()
    life.starts("a", "drift")
    life.reaches("a", "diff")
    const status = life.reaches("a", "apply")
    assert.include(conditions(status), "Ready=True/Succeeded Reconciling=True/InProgress")
    assert.strictEqual(status.stage, "apply")
    assert.strictEqual(conditions(life.ends(applied, "a")), well)
  })

  it("asks for a new verdict when the spec changes", () => {
    const life = onA()
    const status = life.starts("a", "spec", { generation: 2 })
    assert.include(conditions(status), "Ready=Unknown/InProgress")
    assert.strictEqual(kstatus(status, 2), "InProgress")
    const done = life.ends(unchanged, "a", {}, { generation: 2 })
    assert.deepStrictEqual(done.conditions?.map(({ observedGeneration }) => observedGeneration), [2, 2, 2])
    assert.strictEqual(kstatus(done, 2), "Current")
  })

  it("moves a transition time only with the status", () => {
    const life = onA()
    const first = condition(life.status(), "PolicyPassed")
    assert.strictEqual(first?.lastTransitionTime, "2026-11-25T10:00:02Z")
    const second = condition(life.runs(unchanged, "b"), "PolicyPassed")
    assert.strictEqual(second?.lastTransitionTime, first?.lastTransitionTime)
    const third = condition(life.runs(denied, "c"), "PolicyPassed")
    assert.notStrictEqual(third?.lastTransitionTime, first?.lastTransitionTime)
  })

  it("clears a denial when the revision goes back to what is applied", () => {
    const life = onA()
    assert.lengthOf(life.runs(denied, "b").policy?.violations ?? [], 1)
    const status = life.runs(advanced, "c")
    assert.strictEqual(conditions(status), well)
    assert.notProperty(status, "policy")
  })

  it("tells who suspended it, why and until when", () => {
    const life = onA()
    life.starts("b")
    const status = life.happens(
      Noted.Suspended({ reason: "INC-42", by: "dana", until: "2026-12-01T08:00:00Z" }),
      { generation: 2 }
    )
    assert.strictEqual(
      conditions(status),
      "Ready=Unknown/Suspended PolicyPassed=True/Succeeded Healthy=True/Succeeded"
    )
    assert.strictEqual(condition(status, "Ready")?.message, "Suspended by dana until 2026-12-01T08:00:00Z: INC-42")
    assert.strictEqual(badge(status, true), "suspended")
    assert.strictEqual(status.observedGeneration, 2)
    assert.notProperty(status, "stage")
    assert.strictEqual(conditions(life.runs(advanced, "a", { why: "spec" }, { generation: 3 })), well)
  })

  it("tells what is wrong with an object, and what holds it up", () => {
    const invalid = story().happens(Noted.Invalid({ problems: ["spec.interval: bad", "spec.path: worse"] }))
    assert.strictEqual(conditions(invalid), "Ready=False/InvalidSpec Stalled=True/InvalidSpec")
    assert.strictEqual(badge(invalid), "failed: spec.interval: bad; spec.path: worse")
    assert.strictEqual(kstatus(invalid), "Failed")
    const held = story().happens(Noted.Held({ error: new DependencyNotReady({ detail: "shop/database" }) }))
    assert.strictEqual(conditions(held), "Ready=False/DependencyNotReady Reconciling=True/DependencyNotReady")
  })

  it("is bounded, on one line and without secrets", () => {
    const error = new RenderFailed({ detail: `${"x".repeat(996)}canary\n${"y".repeat(5_000)}` })
    const status = onA().runs(failed(error), "b", again)
    for (const { message } of status.conditions ?? []) {
      assert.isAtMost(message.length, 1_000)
      assert.notMatch(message, /\n|can/u)
    }
    assert.notInclude(JSON.stringify(status), "hunter22")
  })
})
