import { assert, describe, it } from "@effect/vitest"
import { Noted } from "../../src/controller/Happening.ts"
import { ApplyFailed } from "../../src/domain/StageError.ts"
import { again, applied, condition, counts, failed, onA, sha, timeout, unchanged } from "./story.ts"

describe("status", () => {
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
})
