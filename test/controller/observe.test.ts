import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as TestClock from "effect/testing/TestClock"
import type { Delivery } from "../../src/api/v1alpha1/Delivery.ts"
import { InventoryStore } from "../../src/apply/InventoryStore.ts"
import { Decided } from "../../src/controller/decide.ts"
import { observe } from "../../src/controller/observe.ts"
import { empty } from "../../src/domain/Inventory.ts"
import { Drift } from "../../src/drift/Drift.ts"
import type { DriftWatch } from "../../src/drift/DriftWatch.ts"
import { Identity } from "../../src/kube/Identity.ts"
import type { Suspect } from "../../src/kube/Suspect.ts"
import { Notify } from "../../src/notify/Notify.ts"
import { Rights } from "../../src/pipeline/Rights.ts"
import { inProcess, makeWorld, notifiers, rightsIn } from "../notify/process.ts"
import { live, liveNotifier, registry } from "./live.ts"

const revision = `main@sha1:${"a".repeat(40)}`
const ref = { group: "", kind: "ConfigMap", namespace: "shop", name: "one" }
const taken: Suspect = {
  ref,
  apiVersion: "v1",
  why: "changed",
  live: {
    ref,
    uid: "1",
    resourceVersion: "2",
    deleting: false,
    labels: {},
    annotations: {},
    managedFields: [
      { manager: "kubectl-edit", operation: "Update", apiVersion: "v1", fieldsV1: { "f:data": { "f:value": {} } } }
    ]
  }
}

/** A suspended Delivery in a process; what its watch finds is played. */
const played = Effect.fnUntraced(function*(
  world: ReturnType<typeof makeWorld>,
  spec: Readonly<Record<string, unknown>>,
  work: (found: Queue.Queue<ReadonlyArray<Suspect>>) => Effect.Effect<void>
) {
  const known = registry(live("shop/web", { spec: { suspend: true, ...spec } }))
  for (const notifier of notifiers) known.notifiers.set(`shop/${notifier.metadata.name}`, liveNotifier(notifier))
  const delivery = known.get("shop/web")!.resource as Delivery
  const heard: Array<string> = []
  yield* inProcess(world, (notify) =>
    Effect.gen(function*() {
      const found = yield* Queue.unbounded<ReadonlyArray<Suspect>>()
      const drift = { follow: () => Effect.void, suspects: Queue.take(found) } as Partial<DriftWatch> as DriftWatch
      const own = yield* Layer.build(rightsIn(world))
      const decided = Decided.Suspended({ delivery, identity: Identity.Self() })
      yield* observe(decided as never, known, (event) => Effect.sync(() => void heard.push(event._tag))).pipe(
        Effect.provide([
          Layer.succeed(Rights, { of: () => own }),
          Layer.mock(Drift)({ watch: () => Effect.succeed(drift) }),
          Layer.mock(InventoryStore)({
            load: Effect.succeed({
              ...empty,
              applied: { revision, identity: "", closure: "", healthy: true }
            })
          })
        ]),
        Effect.provideService(Notify, notify),
        Effect.forkScoped
      )
      yield* work(found)
      yield* notify.flush
    }).pipe(Effect.scoped))
  return heard
})

const toldOf = (body: string) =>
  (JSON.parse(body) as {
    readonly data: {
      readonly revision: string
      readonly findings: ReadonlyArray<{ manager: string; fields: ReadonlyArray<string>; action: string }>
    }
  }).data

const chat = { notify: [{ name: "chat" }] }

describe("drift of a suspended Delivery", () => {
  it.effect("is told to its Notifiers as all drift is: together, and once", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      const heard = yield* played(world, chat, (found) =>
        Effect.gen(function*() {
          yield* Queue.offer(found, [taken])
          yield* TestClock.adjust("1 second")
          yield* Queue.offer(found, [{ ...taken, ref: { ...ref, name: "two" } }])
          yield* TestClock.adjust("1 hour")
        }))
      assert.deepStrictEqual(heard, ["DriftFound", "DriftFound"])
      assert.lengthOf(world.receiver.accepted, 1)
      const told = toldOf(world.receiver.accepted[0]!.body)
      assert.strictEqual(told.revision, revision)
      assert.deepStrictEqual(told.findings.map(({ action, fields, manager }) => ({ action, fields, manager })), [
        { action: "reported", fields: ["data.value"], manager: "kubectl-edit" },
        { action: "reported", fields: ["data.value"], manager: "kubectl-edit" }
      ])
    }))

  it.effect("is told by the next process where the one before was ended too early", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      yield* played(world, chat, (found) =>
        Effect.gen(function*() {
          yield* Queue.offer(found, [taken])
          yield* TestClock.adjust("1 second")
        }))
      assert.lengthOf(world.receiver.accepted, 0)
      yield* played(world, chat, () => TestClock.adjust("1 minute"))
      assert.lengthOf(world.receiver.accepted, 1)
    }))

  it.effect("is told to nobody who did not ask for it, and then no record is read", () =>
    Effect.gen(function*() {
      for (const notify of [[], [{ name: "chat", on: ["failed"] }]]) {
        const world = makeWorld()
        const heard = yield* played(world, { notify }, (found) =>
          Effect.gen(function*() {
            yield* Queue.offer(found, [taken])
            yield* TestClock.adjust("1 hour")
          }))
        assert.deepStrictEqual(heard, ["DriftFound"])
        assert.lengthOf(world.receiver.accepted, 0)
        assert.strictEqual(world.record.state.saves, 0)
        if (notify.length === 0) assert.strictEqual(world.record.state.loads, 0)
      }
    }))
})
