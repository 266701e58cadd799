import { assert, describe, it } from "@effect/vitest"
import type { DeliveryEvent } from "../../src/controller/events.ts"
import { Noted } from "../../src/controller/Happening.ts"
import type { Outcome } from "../../src/domain/Outcome.ts"
import { DependencyNotReady, FetchFailed, HealthTimeout, InvalidSpec } from "../../src/domain/StageError.ts"
import { advanced, applied, denied, story, summary, unchanged, violation } from "./story.ts"

const reasons = (told: ReadonlyArray<DeliveryEvent>) => told.map(({ reason, type }) => `${type} ${reason}`)

const object = { group: "apps", kind: "Deployment", namespace: "shop", name: "checkout" }
const unhealthy: Outcome = {
  _tag: "Failed",
  error: new HealthTimeout({ detail: "1 of 3 replicas", object }),
  changes: undefined
}

describe("events", () => {
  it("tells transitions, not runs", () => {
    const life = story()
    life.runs(applied, "a")
    for (let turn = 0; turn < 3; turn++) life.runs(unchanged, "a")
    life.runs(advanced, "b")
    life.runs(denied, "c")
    life.runs(denied, "c", { why: "started" })
    life.runs(denied, "d")
    life.runs(advanced, "b")
    life.runs(unhealthy, "e")
    for (let turn = 0; turn < 3; turn++) life.runs(unhealthy, "e", { why: "retry", next: { inMs: 1_000, attempt: 4 } })
    life.runs(unchanged, "e", { why: "retry" })
    assert.deepStrictEqual(reasons(life.told), [
      "Normal RevisionApplied",
      "Warning PolicyDenied",
      "Warning PolicyDenied",
      "Normal PolicyPassed",
      "Normal Succeeded",
      "Warning HealthTimeout",
      "Normal Succeeded"
    ])
    const [, first] = life.told
    assert.strictEqual(first?.action, "policy")
    assert.deepStrictEqual(first?.related, {
      apiVersion: "apps/v1",
      kind: "Deployment",
      namespace: "shop",
      name: "checkout"
    })
    assert.match(first?.message ?? "", /^2 policy violations: image-digest-required/u)
    assert.deepStrictEqual(life.told[5]?.related, { kind: "Deployment", namespace: "shop", name: "checkout" })
  })

  it("tells who refuses what, and that it is over", () => {
    const life = story()
    const bundle = { name: "platform-baseline", digest: "sha256:bb" }
    const violations = [{ ...violation, bundle }, violation]
    const refused = { ...summary, denied: 2 }
    life.runs({ _tag: "Denied", violations: [violation], summary: refused, pass: "objects" }, "a")
    life.runs({ _tag: "Denied", violations, summary: refused, pass: "objects" }, "b")
    life.runs({ _tag: "Denied", violations: [violation], summary: refused, pass: "changeset" }, "c")
    life.starts("d")
    life.reaches("d", "apply")
    life.ends(applied, "d")
    const upTo = (message: string) => message.replace(/violations: .*/u, "violations")
    assert.deepStrictEqual(life.told.map(({ message, reason }) => `${reason} ${upTo(message)}`), [
      "PolicyDenied 2 policy violations",
      "PolicyDenied platform-baseline, repository refused the objects: 2 policy violations",
      "PolicyDenied repository refused what would change: 2 policy violations",
      `PolicyPassed main@sha1:${"d".repeat(40)}: All policies passed`,
      `RevisionApplied Applied revision: main@sha1:${"d".repeat(40)}`
    ])
  })

  it("tells what waivers lift when that is more or less than before", () => {
    const life = story()
    const waiver = {
      policy: violation.policy,
      objects: [],
      reason: "INC-42",
      owner: "dana",
      until: "2026-12-31T00:00:00Z"
    }
    const waived = [{ ...violation, waiver }]
    const one: Outcome = { _tag: "Unchanged", violations: [], waived, summary: { ...summary, waived: 1 } }
    life.runs({ ...applied, waived, summary: { ...summary, waived: 1 } } as Outcome, "a")
    for (let turn = 0; turn < 3; turn++) life.runs(one, "a")
    life.runs({ ...one, waived: [...waived, ...waived], summary: { ...summary, waived: 2 } }, "b")
    life.runs(unchanged, "c")
    assert.deepStrictEqual(reasons(life.told), ["Normal RevisionApplied", "Normal PolicyWaived", "Normal PolicyWaived"])
    assert.strictEqual(
      life.told[1]?.message,
      "1 denial waived: image-digest-required for Deployment/checkout by dana until 2026-12-31T00:00:00Z: INC-42"
    )
    assert.match(life.told[2]?.message ?? "", /^2 denials waived: /u)
  })

  it("tells nothing again when the agent starts anew", () => {
    for (const outcome of [applied, denied, unhealthy]) {
      const before = story()
      before.runs(outcome, "a")
      const next = story(JSON.parse(JSON.stringify(before.status())))
      next.runs(outcome._tag === "Applied" ? unchanged : outcome, "a", { why: "started" })
      assert.deepStrictEqual(next.told, [])
    }
  })

  it("tells what a revision took away silently, once", () => {
    const losses = ["Deployment/shop/web: spec.replicas falls back from 5 to 1"]
    const life = story()
    life.runs(applied, "a")
    life.runs({ ...applied, losses } as Outcome, "b")
    life.runs({ ...applied, losses } as Outcome, "b", { why: "drift" })
    life.runs(unchanged, "b")
    assert.deepStrictEqual(life.status().losses, losses)
    life.runs({ ...applied, losses } as Outcome, "c")
    const lost = life.told.filter(({ reason }) => reason === "Lost")
    assert.deepStrictEqual(lost.map(({ message, type }) => [type, message]), [["Warning", losses[0]], [
      "Warning",
      losses[0]
    ]])
    life.runs(applied, "d")
    assert.isUndefined(life.status().losses)
  })

  it("tells drift, who suspended and who resumed", () => {
    const life = story()
    life.runs(applied, "a")
    const drift = { object, manager: "kubectl-edit", fields: ["spec.replicas"], time: undefined }
    for (const action of ["healed", "reported", "backing off"] as const) {
      life.happens(Noted.Drifted({ ...drift, action }))
    }
    for (let turn = 0; turn < 2; turn++) life.happens(Noted.Suspended({ by: "dana", reason: "INC-42" }))
    life.runs(advanced, "a", { why: "spec" })
    assert.deepStrictEqual(reasons(life.told.slice(1)), [
      "Normal Healed",
      "Warning Drifted",
      "Warning DriftBackingOff",
      "Normal Suspended",
      "Normal Resumed"
    ])
    assert.strictEqual(life.told[1]?.message, "Deployment/shop/checkout: spec.replicas taken by kubectl-edit, put back")
    assert.strictEqual(life.told[4]?.message, "Suspended by dana: INC-42")
  })

  it("tells once what holds a delivery up, and a blip not at all", () => {
    const life = story()
    for (let turn = 0; turn < 2; turn++) {
      life.happens(Noted.Held({ error: new DependencyNotReady({ detail: `shop/database ${turn}` }) }))
    }
    life.happens(Noted.Held({ error: new InvalidSpec({ detail: "a cycle" }) }))
    for (let turn = 0; turn < 2; turn++) life.happens(Noted.Invalid({ problems: ["a", "b"] }))
    const unreachable = new FetchFailed({ detail: "no" })
    const blip: Outcome = { _tag: "Failed", error: unreachable, changes: undefined }
    life.runs(blip, undefined, { next: { inMs: 500, attempt: 2 } })
    life.runs(blip, undefined, { next: { inMs: 500, attempt: 3 } })
    assert.deepStrictEqual(reasons(life.told), [
      "Normal DependencyNotReady",
      "Warning InvalidSpec",
      "Warning InvalidSpec",
      "Warning FetchFailed"
    ])
  })
})
