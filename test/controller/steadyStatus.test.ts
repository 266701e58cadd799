import { assert, describe, it } from "@effect/vitest"
import { Noted } from "../../src/controller/Happening.ts"
import { after } from "../../src/controller/status.ts"
import { FetchFailed, RenderFailed } from "../../src/domain/StageError.ts"
import {
  advanced,
  again,
  applied,
  condition,
  conditions,
  denied,
  event,
  facts,
  failed,
  onA,
  revision,
  sha,
  story,
  timeout,
  unchanged,
  well
} from "./story.ts"

describe("status", () => {
  it("is the same object while nothing is new, however often it is looked at", () => {
    const life = onA()
    const before = life.status()
    for (const why of ["interval", "webhook", "started", "drift", "retry"]) {
      for (const outcome of [unchanged, advanced]) life.runs(outcome, "a", { why, id: "01J9" })
    }
    assert.strictEqual(life.status(), before)
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

  it("costs a thousand deliveries little to advance their revision", () => {
    const entries = Array.from({ length: 1_000 }, (_, index) => ({
      ref: { group: "apps", kind: "Deployment", namespace: "shop", name: `web-${index}` },
      apiVersion: "apps/v1"
    }))
    const life = onA()
    const initial = life.happens(Noted.Inventoried({ entries }))
    const before = process.threadCpuUsage()
    for (let turn = 0; turn < 1_000; turn++) {
      const next = story(initial)
      assert.strictEqual(next.runs(advanced, "b").inventory, initial.inventory)
    }
    const { system, user } = process.threadCpuUsage(before)
    const time = (system + user) / 1_000
    console.info(`1,000 deliveries advanced by ${Math.round(time)} ms of CPU`)
    assert.isBelow(time, 1_000)
  })

  it("says the same of a run in progress, whoever reads it next", () => {
    const before = onA().starts("b")
    const persisted = JSON.parse(JSON.stringify(before))
    const next = after(persisted, event({ _tag: "RunStarted", revision: revision("b"), why: "started" }), facts())
    assert.deepStrictEqual(next, before)
  })
})
