import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { Apply } from "../../src/apply/Apply.ts"
import { InventoryStore } from "../../src/apply/InventoryStore.ts"
import { finalize } from "../../src/controller/finalize.ts"
import type { InventoryEntry } from "../../src/domain/Inventory.ts"
import { deliveryLabel, deliveryValue } from "../../src/domain/ownership.ts"
import type { KubeFailure } from "../../src/domain/StageError.ts"
import { fenced, unanswered } from "../../src/kube/failure.ts"
import { KubeReader } from "../../src/kube/KubeReader.ts"
import { KubeStatus } from "../../src/kube/KubeStatus.ts"
import { KubeWriter } from "../../src/kube/KubeWriter.ts"
import { live } from "./live.ts"

const delivery = live("shop/web", { spec: { apply: { timeout: "5m" } } })
const entry: InventoryEntry = {
  ref: { group: "", kind: "ConfigMap", namespace: "shop", name: "a" },
  apiVersion: "v1",
  digest: "sha256:a",
  uid: "u-1"
}
const object = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: {
    namespace: "shop",
    name: "a",
    uid: "u-1",
    resourceVersion: "1",
    labels: { [deliveryLabel]: deliveryValue(delivery) },
    managedFields: [{ manager: "sluice", operation: "Apply", fieldsV1: {} }]
  }
}

/** A Delivery of one ConfigMap is seen off; `refuses`: why nothing can be changed now. */
const seenOff = (
  refuses: () => KubeFailure | undefined,
  mayChange: Effect.Effect<void>,
  entries: ReadonlyArray<InventoryEntry> = [entry]
) => {
  const done = new Array<string>()
  const change = (what: string) =>
    Effect.suspend(() => {
      const failure = refuses()
      if (failure === undefined) done.push(what)
      return failure === undefined ? Effect.void : Effect.fail(failure)
    })
  const rights = Apply.layerWith({}).pipe(Layer.provideMerge(Layer.mergeAll(
    Layer.mock(InventoryStore, { load: Effect.succeed({ entries, healthyObjects: 1 }) }),
    Layer.mock(KubeStatus, { load: () => Effect.succeed(undefined), forget: change("forget") }),
    Layer.mock(KubeReader, { identity: "agent", get: () => Effect.succeed(object) }),
    Layer.mock(KubeWriter, { delete: () => change("delete"), mayChange })
  )))
  const farewell = Effect.provide(finalize({ delivery, helpless: undefined, terminating: false }), rights)
  return { done, farewell }
}

describe("a Delivery that goes", () => {
  it.effect("keeps its objects for as long as this replica may change nothing, and then takes them along", () =>
    Effect.gen(function*() {
      const opened = yield* Deferred.make<void>()
      let isOpen = false
      const asked = { verb: "delete", resource: "configmaps" }
      const mayChange = Effect.suspend(() => isOpen ? Effect.void : Deferred.await(opened))
      const { done, farewell } = seenOff(() => isOpen ? undefined : fenced(asked, "agent"), mayChange)
      const leaving = yield* Effect.forkChild(farewell)
      yield* TestClock.adjust("1 hour")
      assert.isUndefined(leaving.pollUnsafe())
      isOpen = true
      yield* Deferred.succeed(opened, undefined)
      assert.deepStrictEqual(yield* Fiber.join(leaving), { deleted: 1, behind: 0, why: [] })
      assert.deepStrictEqual(done, ["delete", "forget"])
    }))

  it.effect("leaves them behind where a cluster that answers has not let go of them in its time", () =>
    Effect.gen(function*() {
      const why = unanswered({ verb: "delete", resource: "configmaps" }, "agent", "Broken", "a webhook is broken")
      const { done, farewell } = seenOff(() => why, Effect.void)
      const leaving = yield* Effect.forkChild(farewell)
      yield* TestClock.adjust("4 minutes")
      assert.isUndefined(leaving.pollUnsafe())
      yield* TestClock.adjust("2 minutes")
      const { behind, deleted } = yield* Fiber.join(leaving)
      assert.deepStrictEqual({ behind, deleted }, { behind: 1, deleted: 0 })
      assert.deepStrictEqual(done, [])
    }))

  it.effect("leaves a record of Sluice behind, whatever its inventory says", () =>
    Effect.gen(function*() {
      const record = { ...entry, ref: { ...entry.ref, name: "sluice-other-inventory-0" } }
      const { done, farewell } = seenOff(() => undefined, Effect.void, [record])
      assert.deepStrictEqual(yield* farewell, {
        deleted: 0,
        behind: 1,
        why: ["ConfigMap/shop/sluice-other-inventory-0 stays behind: it has the name of a record of Sluice"]
      })
      assert.deepStrictEqual(done, ["forget"])
    }))
})
