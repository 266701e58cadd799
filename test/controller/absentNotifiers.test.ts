import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { make } from "../../src/controller/absentNotifiers.ts"
import type { DeliveryEvent } from "../../src/controller/events.ts"
import { notifiers } from "../notify/process.ts"
import { live, liveNotifier, registry } from "./live.ts"

const [chat] = notifiers

it.effect("tells once that a Notifier is not there, and again when it has come and gone", () =>
  Effect.gen(function*() {
    const id = `shop/${chat!.metadata.name}`
    const known = registry(live("shop/web", { spec: { notify: [{ name: chat!.metadata.name }, { name: "ghost" }] } }))
    const told: Array<DeliveryEvent> = []
    const look = yield* make(
      known,
      () => known.deliveries.get("shop/web")!,
      (events) => Effect.sync(() => void told.push(...events))
    )
    const news = Effect.gen(function*() {
      told.length = 0
      for (let turn = 0; turn < 3; turn++) yield* look
      yield* TestClock.adjust("1 minute")
      for (let turn = 0; turn < 3; turn++) yield* look
      yield* TestClock.adjust("1 minute")
      return told.map(({ message, reason, type }) => `${type} ${reason}: ${message}`)
    })
    assert.deepStrictEqual(yield* news, [
      `Warning NotifyFailed: spec.notify names 2 Notifiers that are not in its namespace: ${
        chat!.metadata.name
      }, ghost; ` +
      "nobody is told through them"
    ])
    assert.deepStrictEqual(yield* news, [])
    known.notifiers.set(id, liveNotifier(chat!))
    const come = `Normal NotifierFound: ${chat!.metadata.name}, named by spec.notify, is there now`
    assert.deepStrictEqual(yield* news, [come])
    known.notifiers.delete(id)
    assert.match((yield* news).join("\n"), /^Warning NotifyFailed: spec.notify names 1 Notifier that is not/u)
    // Who names it no more misses it no more.
    known.set(live("shop/web"))
    assert.deepStrictEqual(yield* news, [])
    known.set(live("shop/web", { spec: { notify: [{ name: "ghost" }] } }))
    assert.lengthOf(yield* news, 1)
    known.set(live("shop/web", { spec: { notify: [{ name: "spook" }] }, deleting: true }))
    assert.deepStrictEqual(yield* news, [])
  }))

it.effect("says nothing of a Notifier that is applied right after its Delivery", () =>
  Effect.gen(function*() {
    const known = registry(live("shop/web", { spec: { notify: [{ name: chat!.metadata.name }] } }))
    const told: Array<DeliveryEvent> = []
    const look = yield* make(
      known,
      () => known.deliveries.get("shop/web")!,
      (events) => Effect.sync(() => void told.push(...events))
    )
    yield* look
    known.notifiers.set(`shop/${chat!.metadata.name}`, liveNotifier(chat!))
    yield* look
    yield* TestClock.adjust("1 minute")
    assert.deepStrictEqual(told, [])
  }))
