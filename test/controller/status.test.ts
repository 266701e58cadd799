import { assert, describe, it } from "@effect/vitest"
import { Noted } from "../../src/controller/Happening.ts"
import { after } from "../../src/controller/status.ts"
import type { Outcome } from "../../src/domain/Outcome.ts"
import {
  ApplyFailed,
  DependencyNotReady,
  FetchFailed,
  HealthTimeout,
  PolicyUnavailable,
  PruneBlocked,
  RenderFailed,
  type StageError
} from "../../src/domain/StageError.ts"
import {
  advanced,
  applied,
  badge,
  condition,
  conditions,
  counts,
  denied,
  event,
  facts,
  kstatus,
  revision,
  story,
  unchanged
} from "./story.ts"

const sha = (letter: string) => `main@sha1:${letter.repeat(40)}`
const failed = (error: StageError, changes = undefined): Outcome => ({ _tag: "Failed", error, changes })
const again = { next: { inMs: 12_000, attempt: 3 } }
const well = "Ready=True/Succeeded PolicyPassed=True/Succeeded Healthy=True/Succeeded"

/** A delivery that is on revision a. */
const onA = (given = {}) => {
  const life = story({}, given)
  life.runs(applied, "a")
  return life
}

describe("status", () => {
  const timeout = new HealthTimeout({
    detail: "1 of 3 replicas are ready after 5m",
    object: { group: "apps", kind: "Deployment", namespace: "shop", name: "checkout" }
  })
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

  it("tells what was applied: revision, commit, counts, policies", () => {
    const bundles = [{ name: "repository", digest: "sha256:aa" }]
    const status = onA({ bundles }).status()
    assert.strictEqual(condition(status, "Ready")?.message, `Applied revision: ${sha("a")}`)
    assert.strictEqual(condition(status, "PolicyPassed")?.message, "14 passed, 1 warned")
    assert.deepStrictEqual(status.source, {
      revision: sha("a"),
      url: "https://gitlab.example.com/acme/shop.git",
      author: "Dana Ito",
      subject: "raise replicas",
      time: "2026-11-22T23:43:20Z"
    })
    assert.deepStrictEqual(status.changes, counts)
    assert.deepStrictEqual(status.policy, { passed: 14, warned: 1, denied: 0, waived: 0, bundles })
    assert.deepStrictEqual(status.history, [{
      id: "01J1",
      revision: sha("a"),
      outcome: "Applied",
      why: "webhook",
      changes: counts,
      author: "Dana Ito",
      subject: "raise replicas",
      startedAt: "2026-11-25T09:46:40Z",
      durationMs: 1500
    }])
  })

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

  it("is the same object while nothing is new, however often it is looked at", () => {
    const life = onA()
    const before = life.status()
    for (const why of ["interval", "webhook", "started", "drift", "retry"]) {
      for (const outcome of [unchanged, advanced]) life.runs(outcome, "a", { why, id: "01J9" })
    }
    assert.strictEqual(life.status(), before)
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

  it("stays failed while the same is tried again, until somebody asks or something changes", () => {
    const life = onA()
    const error = new RenderFailed({ detail: "no" })
    const before = life.runs(failed(error), "b", again)
    assert.strictEqual(life.starts("b", "retry"), before)
    assert.strictEqual(life.starts("b", "started"), before)
    const retried = life.ends(failed(error), "b", { ...again, why: "retry", id: "01J2" })
    assert.strictEqual(retried.conditions, before.conditions)
    assert.deepStrictEqual(retried.history?.map(({ id }) => id), ["01J2", "01J1"])
    assert.include(conditions(life.starts("b", "manual")), "Ready=Unknown/InProgress")
    assert.include(conditions(life.starts("c")), "Ready=Unknown/InProgress")
  })

  it("is the same object where an agent that starts finds what the one before it found", () => {
    for (const outcome of [denied, failed(new RenderFailed({ detail: "no" }))]) {
      const life = onA()
      const before = life.runs(outcome, "b")
      assert.deepStrictEqual(life.runs(outcome, "b", { why: "started", id: "01J9" }), before)
      assert.lengthOf(life.runs(outcome, "c", { why: "started", id: "01J9" }).history ?? [], 3)
    }
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

  it("advances a revision that changes nothing, with the reason, and one entry however many come", () => {
    const life = onA()
    life.runs(advanced, "b", { commit: undefined, id: "01J2" })
    const status = life.runs(advanced, "c", { commit: undefined, id: "01J3" })
    assert.strictEqual(conditions(status), well)
    assert.strictEqual(status.lastAppliedRevision, sha("c"))
    assert.strictEqual(status.source?.revision, sha("c"))
    assert.deepStrictEqual(status.policy, onA().status().policy)
    assert.deepStrictEqual(status.history?.map(({ message, outcome }) => [outcome, message]), [
      ["Unchanged", `nothing that this delivery reads has changed since ${sha("b")}`],
      ["Applied", undefined]
    ])
  })

  it("calls a revision by which nothing changes what the one before it is", () => {
    const life = onA()
    life.starts("b")
    life.reaches("b", "apply")
    const unhealthy = life.ends(failed(timeout), "b", again)
    assert.include(conditions(unhealthy), "Ready=False/HealthTimeout")
    assert.include(conditions(life.runs(advanced, "d", { id: "01J3" })), "Ready=False/HealthTimeout Reconciling=True")
    assert.strictEqual(conditions(life.runs(unchanged, "d", { why: "retry" })), well)
  })

  it("is ready when a run finds that all stands which a run applied whose end was never told", () => {
    const life = onA()
    life.starts("b")
    life.reaches("b", "apply")
    // The agent was killed between the last write of its record and that of the status; the next one looks.
    life.starts("b", "started")
    const status = life.ends(advanced, "b", { id: "01J2" })
    assert.strictEqual(conditions(status), well)
    assert.isUndefined(status.stage)
    assert.strictEqual(status.lastAppliedRevision, sha("b"))
  })

  it("goes by a commit that came while the end of the run before it was told", () => {
    const life = onA()
    life.starts("b")
    life.reaches("b", "apply")
    life.ends(advanced, "c", { id: "01J2" })
    const status = life.ends(applied, "b")
    assert.strictEqual(conditions(status), well)
    assert.strictEqual(status.lastAppliedRevision, sha("c"))
  })

  it("clears a denial when the revision goes back to what is applied", () => {
    const life = onA()
    assert.lengthOf(life.runs(denied, "b").policy?.violations ?? [], 1)
    const status = life.runs(advanced, "c")
    assert.strictEqual(conditions(status), well)
    assert.notProperty(status, "policy")
  })

  it("remembers ten runs, not the same one ten times", () => {
    const life = onA()
    for (let turn = 0; turn < 12; turn++) life.runs(unchanged, "a", { why: "manual" })
    life.starts("b")
    for (let turn = 0; turn < 5; turn++) life.ends({ _tag: "Interrupted", by: sha("c") }, "b")
    for (let turn = 0; turn < 4; turn++) {
      life.runs(failed(timeout), "c", { ...again, why: turn === 0 ? "webhook" : "retry" })
    }
    assert.deepStrictEqual(life.status().history?.map(({ outcome }) => outcome), [
      "Failed",
      "Interrupted",
      "Unchanged",
      "Applied"
    ])
    for (const letter of "0123456789") life.runs(applied, letter)
    assert.lengthOf(life.status().history ?? [], 10)
    assert.strictEqual(life.status().history?.[0]?.revision, sha("9"))
  })

  it("takes a shutdown for no end", () => {
    const life = onA()
    const before = life.starts("b")
    assert.strictEqual(life.ends({ _tag: "Interrupted", by: "shutdown" }, "b"), before)
  })

  it("says nothing of an error that may pass within seconds, but that it tries again", () => {
    const blip = { next: { inMs: 700, attempt: 2 } }
    const unreachable = failed(new FetchFailed({ detail: "connection refused" }))
    const ready = onA()
    const before = ready.status()
    assert.strictEqual(ready.runs(unreachable, undefined, blip), before)
    const fresh = story().runs(unreachable, undefined, blip)
    assert.strictEqual(conditions(fresh), "Ready=Unknown/InProgress Reconciling=True/FetchFailed")
    assert.strictEqual(condition(fresh, "Reconciling")?.message, "Tried again in 1s (attempt 2): connection refused")
    assert.notProperty(fresh, "history")
  })

  it("lets a run go on while its source cannot be listed", () => {
    const life = onA()
    life.starts("b")
    const before = life.reaches("b", "apply")
    assert.strictEqual(life.runs(failed(new FetchFailed({ detail: "no" })), undefined, again), before)
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

  it("counts drift, and names the last", () => {
    const life = onA()
    const drift = {
      object: { group: "apps", kind: "Deployment", namespace: "shop", name: "checkout" },
      manager: "kubectl-edit",
      fields: ["spec.replicas"],
      time: undefined
    }
    life.happens(Noted.Polled({ kinds: ["Secret", "ConfigMap", "Secret"] }))
    life.happens(Noted.Drifted({ ...drift, action: "healed" }))
    life.happens(Noted.Drifted({ ...drift, action: "healed" }))
    const status = life.happens(Noted.Drifted({ ...drift, action: "backing off" }), { now: "2026-11-25T10:00:59.001Z" })
    assert.deepStrictEqual(status.drift, {
      count: 2,
      last: {
        object: "Deployment/shop/checkout",
        manager: "kubectl-edit",
        fields: ["spec.replicas"],
        time: "2026-11-25T10:00:59Z",
        action: "backing off"
      },
      polled: ["ConfigMap", "Secret"]
    })
    assert.strictEqual(life.happens(Noted.Polled({ kinds: ["Secret", "ConfigMap"] })), status)
    assert.notProperty(life.happens(Noted.Polled({ kinds: [] })).drift, "polled")
  })

  it("mirrors the first thousand of what it owns, in one order", () => {
    const entries = Array.from({ length: 1_100 }, (_, index) => ({
      ref: { group: "apps", kind: "Deployment", namespace: "shop", name: `web-${String(index).padStart(4, "0")}` },
      apiVersion: "apps/v1"
    }))
    const life = onA()
    const status = life.happens(Noted.Inventoried({ entries: entries.toReversed() }))
    assert.lengthOf(status.inventory?.entries ?? [], 1_000)
    assert.deepStrictEqual(status.inventory?.entries[0], { id: "shop_web-0000_apps_Deployment", v: "v1" })
    assert.strictEqual(life.happens(Noted.Inventoried({ entries })), status)
  })

  it("echoes a request when its run has ended, not when it will be tried again within seconds", () => {
    const life = onA()
    const asked = { requestedAt: "now" }
    const blip = failed(new ApplyFailed({ detail: "conflict" }))
    assert.notProperty(
      life.runs(blip, "b", { next: { inMs: 500, attempt: 2 } }, asked),
      "lastHandledReconcileAt"
    )
    assert.strictEqual(life.ends(applied, "b", {}, asked).lastHandledReconcileAt, "now")
    assert.strictEqual(
      life.happens(Noted.ReconcileHandled({ value: "later" })).lastHandledReconcileAt,
      "later"
    )
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

  it("costs a thousand deliveries little to advance their revision", () => {
    const entries = Array.from({ length: 1_000 }, (_, index) => ({
      ref: { group: "apps", kind: "Deployment", namespace: "shop", name: `web-${index}` },
      apiVersion: "apps/v1"
    }))
    const life = onA()
    const initial = life.happens(Noted.Inventoried({ entries }))
    const started = performance.now()
    for (let turn = 0; turn < 1_000; turn++) {
      const next = story(initial)
      assert.strictEqual(next.runs(advanced, "b").inventory, initial.inventory)
    }
    const time = performance.now() - started
    console.info(`1,000 deliveries advanced in ${Math.round(time)} ms`)
    assert.isBelow(time, 1_000)
  })

  it("says the same of a run in progress, whoever reads it next", () => {
    const before = onA().starts("b")
    const persisted = JSON.parse(JSON.stringify(before))
    const next = after(persisted, event({ _tag: "RunStarted", revision: revision("b"), why: "started" }), facts())
    assert.deepStrictEqual(next, before)
  })
})
