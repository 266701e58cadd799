import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { askedOf, isAnswered } from "../../src/cli/asked.ts"
import { exitCode, late } from "../../src/cli/reconcile.ts"
import { nameIn } from "../../src/cli/scope.ts"
import { conditionOf, read, shortRevision, stateOf } from "../../src/cli/ShownDelivery.ts"
import { stateSelector } from "../../src/cli/stateSelector.ts"
import type { JsonObject } from "../../src/domain/Json.ts"
import { delivery, deniedStatus, readyStatus, revision } from "./shownDeliveries.ts"

describe("a live Delivery", () => {
  it("is read field by field: what says nothing that we know is told, the rest is kept", () => {
    const { status, unreadable } = read(delivery("a", {
      status: {
        ...readyStatus,
        policy: "none",
        history: [{ id: 7 }, (readyStatus.history as ReadonlyArray<JsonObject>)[1]!]
      }
    }))
    assert.deepStrictEqual(unreadable, ["policy"])
    assert.strictEqual(status.lastAppliedRevision, revision)
    assert.deepStrictEqual(status.history?.map(({ outcome }) => outcome), ["Applied"])
  })

  it("may be anything at all", () => {
    const odd: ReadonlyArray<JsonObject> = [
      {},
      { metadata: "x", spec: 7, status: [] },
      { metadata: { labels: [1], annotations: { a: 1, b: "c" } }, spec: { dependsOn: [{}, "x"], suspension: [] } },
      { status: { conditions: { Ready: true }, history: "long", inventory: { entries: 5 } } }
    ]
    for (const object of odd) {
      const live = read(object)
      assert.strictEqual(stateOf(live).ready, "Unknown")
      assert.deepStrictEqual(live.dependsOn, [])
    }
    assert.deepStrictEqual(read(odd[2]!).annotations, { b: "c" })
  })

  it("is unknown where no agent has said anything", () => {
    assert.deepStrictEqual(stateOf(read(delivery("a"))), {
      ready: "Unknown",
      reason: "",
      message: "no agent has said anything about it yet"
    })
    assert.isFalse(read(delivery("a", { status: readyStatus, metadata: { generation: 2 } })).isObserved)
    assert.strictEqual(conditionOf(read(delivery("a", { status: readyStatus })), "Healthy")?.status, "True")
  })

  it("shows revisions as tables do", () => {
    assert.deepStrictEqual([revision, "1.2.3", undefined].map(shortRevision), ["main@sha1:9f3c21ab", "1.2.3", ""])
  })

  it("is named with or without its namespace and kind", () => {
    assert.deepStrictEqual(
      ["a", "delivery/a", "dlv/a", "other/a", "deliveries/other/a"].map((text) => {
        const { name, namespace } = nameIn(text, "shop")
        return `${namespace}/${name}`
      }),
      ["shop/a", "shop/a", "shop/a", "other/a", "other/a"]
    )
  })

  it.effect("is selected by its state", () =>
    Effect.gen(function*() {
      const [well, bad, suspended] = [
        read(delivery("a", { status: readyStatus })),
        read(delivery("b", { status: deniedStatus })),
        read(delivery("c", { status: readyStatus, spec: { suspend: true } }))
      ]
      const chosen = (text: string) =>
        Effect.map(stateSelector(text), (is) => [well, bad, suspended].filter(is).map(({ name }) => name).join(""))
      assert.strictEqual(yield* chosen("ready=false"), "b")
      assert.strictEqual(yield* chosen("Ready=True, suspended=true"), "c")
      assert.strictEqual(yield* chosen("healthy=unknown"), "b")
      assert.match((yield* Effect.flip(stateSelector("redy=false"))).hint ?? "", /Did you mean "ready"/u)
      assert.match((yield* Effect.flip(stateSelector("ready"))).hint ?? "", /ready=true/u)
      assert.match((yield* Effect.flip(stateSelector("toString=true"))).detail, /knows no state/u)
    }))
})

describe("the answer to a request", () => {
  const asked = (status: JsonObject, requestedAt = "1") =>
    read(delivery("a", { status, metadata: { annotations: { "sluice.dev/requestedAt": requestedAt } } }))

  it("is the echo of its value, or of a newer one", () => {
    assert.isFalse(isAnswered(asked(readyStatus), "1"))
    assert.isFalse(isAnswered(asked({ ...readyStatus, lastHandledReconcileAt: "0" }), "1"))
    assert.isTrue(isAnswered(asked({ ...readyStatus, lastHandledReconcileAt: "1" }), "1"))
    assert.isTrue(isAnswered(asked({ ...readyStatus, lastHandledReconcileAt: "2" }, "2"), "1"))
    assert.isFalse(isAnswered(asked({ ...readyStatus, lastHandledReconcileAt: "0" }, "2"), "1"))
  })

  it("may be to GitLab's button, which was pressed later", () => {
    const both = (lastHandledReconcileAt: string, own: string, theirs: string) =>
      read(delivery("a", {
        status: { ...readyStatus, lastHandledReconcileAt },
        metadata: {
          annotations: { "sluice.dev/requestedAt": own, "reconcile.fluxcd.io/requestedAt": theirs }
        }
      }))
    const [first, second, third] = ["10:00:00.000Z", "10:05:00+00:00", "10:10:00Z"].map((time) => `2026-11-25T${time}`)
    // Nothing is open once the later of the two is handled, whichever it is.
    assert.strictEqual(askedOf(both(second!, first!, second!)), undefined)
    assert.strictEqual(askedOf(both(second!, second!, first!)), undefined)
    assert.strictEqual(askedOf(both(first!, first!, "never")), undefined)
    assert.strictEqual(askedOf(both("b", "a", "b")), undefined)
    assert.strictEqual(askedOf(both(first!, first!, second!)), second)
    assert.strictEqual(askedOf(both(first!, second!, third!)), third)
    assert.strictEqual(askedOf(both(second!, first!, third!)), third)
    assert.strictEqual(askedOf(both("c", "a", "never")), "a")
    assert.isTrue(isAnswered(both(second!, first!, second!), first!))
    assert.isFalse(isAnswered(both(first!, second!, first!), second!))
    assert.isFalse(isAnswered(both(second!, first!, second!), first!, second!))
  })

  it("is waited for while a newer run goes on", () => {
    const [ready] = readyStatus.conditions as ReadonlyArray<JsonObject>
    const going = { ...ready!, status: "Unknown", reason: "InProgress" }
    assert.isFalse(isAnswered(asked({ conditions: [going], lastHandledReconcileAt: "1" }), "1"))
  })

  it("has the exit code of its reason", () => {
    const [ready] = deniedStatus.conditions as ReadonlyArray<JsonObject>
    const code = (reason: string) => exitCode(asked({ conditions: [{ ...ready!, reason }] }))
    assert.deepStrictEqual(["PolicyDenied", "HealthTimeout", "DependencyNotReady", "FetchFailed"].map(code), [
      1,
      3,
      3,
      1
    ])
    assert.strictEqual(exitCode(asked(readyStatus)), 0)
  })

  it("that does not come is told by what an agent is at, and else by whether anything stirred", () => {
    const [ready] = readyStatus.conditions as ReadonlyArray<JsonObject>
    const going = { ...ready!, reason: "InProgress", message: "waiting for Deployment/shop/checkout" }
    const conditions = [{ ...going, status: "Unknown" }, { ...going, type: "Reconciling" }]
    const working = asked({ conditions, stage: "apply" })
    for (const isStirring of [true, false]) {
      assert.strictEqual(
        late(working, isStirring, "6s").detail,
        "shop/a: still at apply after 6s: waiting for Deployment/shop/checkout"
      )
    }
    assert.match(late(asked(readyStatus), false, "6s").detail, /nothing stirred for 6s; no agent/u)
    assert.match(late(asked(readyStatus), true, "6s").detail, /^shop\/a has no outcome after 6s: Applied/u)
  })
})
