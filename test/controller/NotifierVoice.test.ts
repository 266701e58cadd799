import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import type { PlainStatus } from "../../src/api/v1alpha1/DeliveryStatus.ts"
import { conditionOf } from "../../src/controller/conditions.ts"
import * as NotifierVoice from "../../src/controller/NotifierVoice.ts"
import * as read from "../../src/controller/read.ts"
import type { LiveNotifier, MalformedNotifier } from "../../src/controller/Registry.ts"
import type { JsonObject } from "../../src/domain/Json.ts"
import { KubeFailure } from "../../src/domain/StageError.ts"
import { NotifierWriter } from "../../src/kube/NotifierWriter.ts"
import { SendFailed } from "../../src/notify/SendFailed.ts"

const failure = (status: number, reason = "Test") =>
  new KubeFailure({ status, reason, detail: "no", verb: "patch", resource: "notifiers", identity: "agent", causes: [] })
const missing = new SendFailed({ why: "there is no Secret chat", reason: "InvalidSpec", retryable: false })
const denied = new SendFailed({ why: "its Secret cannot be read", reason: "AccessDenied", retryable: false })
const gone = new SendFailed({ why: "it answered 410", reason: "NotifyFailed", retryable: false })
const busy = new SendFailed({ why: "it answered 503", reason: "NotifyFailed", retryable: true })

/** One Notifier of a cluster in memory, and the replicas that see it. */
const cluster = (spec: JsonObject = { webhook: { secretRef: { name: "chat" } } }) => {
  let version = 1
  let status: JsonObject = {}
  const writes: Array<string> = []
  const state = {
    writes,
    looks: 0,
    lacks: undefined as SendFailed | undefined,
    fails: undefined as KubeFailure | undefined
  }
  const object = () =>
    read.notifier({
      apiVersion: "sluice.dev/v1alpha1",
      kind: "Notifier",
      metadata: { name: "chat", namespace: "shop", uid: "1", generation: 1, resourceVersion: String(version) },
      spec,
      status
    })
  const said = () => {
    const ready = conditionOf(status as PlainStatus, "Ready")
    return ready === undefined ? "nothing" : `${ready.status} ${ready.reason}`
  }
  const replica = Effect.fnUntraced(function*(speaks: boolean) {
    let known: LiveNotifier | MalformedNotifier = object()
    const voice = yield* NotifierVoice.make({
      current: () => known,
      written: (now) => known = now,
      look: !speaks ? undefined : Effect.sync(() => {
        state.looks++
        return state.lacks
      })
    }).pipe(Effect.provideService(NotifierWriter, {
      writeStatus: ({ resourceVersion }, next) =>
        Effect.suspend(() => {
          if (state.fails !== undefined) return Effect.fail(state.fails)
          if (resourceVersion !== String(version)) return Effect.fail(failure(422))
          status = next
          writes.push(said())
          return Effect.succeed(String(++version))
        })
    }))
    const hear = (failure: SendFailed | undefined, attempt = 1) =>
      Effect.flatMap(
        TestClock.testClockWith((clock) => Effect.succeed(clock.currentTimeMillisUnsafe())),
        (startedAt) => voice.hear({ notifier: "shop/chat", startedAt, attempt, failure })
      )
    const sees = Effect.suspend(() => {
      known = object()
      return voice.notice
    })
    return { hear, sees, renew: voice.renew }
  })
  return { replica, said, state }
}

const rest = TestClock.adjust("2 seconds")

it.effect("writes once what it finds, once each time that it is something else, and then asks for nothing", () =>
  Effect.gen(function*() {
    const { replica, state } = cluster()
    const one = yield* replica(true)
    yield* rest
    assert.deepStrictEqual(state.writes, ["True Succeeded"])
    yield* one.sees
    yield* one.hear(undefined)
    yield* rest
    state.lacks = missing
    yield* one.renew
    yield* rest
    yield* one.hear(missing)
    yield* rest
    state.lacks = undefined
    yield* one.renew
    yield* rest
    assert.deepStrictEqual(state.writes, ["True Succeeded", "False InvalidSpec", "True Succeeded"])
    assert.strictEqual(state.looks, 3)
    yield* TestClock.adjust("1 day")
    assert.strictEqual(state.looks, 3)
    assert.lengthOf(state.writes, 3)
  }))

it.effect("looks again at what lacks something, soon and then seldom: what it was granted nobody tells", () =>
  Effect.gen(function*() {
    const { replica, said, state } = cluster()
    state.lacks = denied
    yield* replica(true)
    yield* rest
    assert.strictEqual(said(), "False AccessDenied")
    yield* TestClock.adjust("1 hour")
    assert.isAtMost(state.looks, 3 + 6)
    state.lacks = undefined
    yield* TestClock.adjust("10 minutes")
    assert.strictEqual(said(), "True Succeeded")
    const { looks } = state
    yield* TestClock.adjust("1 day")
    assert.strictEqual(state.looks, looks)
    assert.lengthOf(state.writes, 2)
  }))

it.effect("says what cannot be read without a look at any Secret", () =>
  Effect.gen(function*() {
    const { replica, state } = cluster({})
    yield* replica(true)
    yield* rest
    assert.deepStrictEqual(state.writes, ["False InvalidSpec"])
    assert.strictEqual(state.looks, 0)
  }))

it.effect("says that a sink refuses, but no blip, until something arrives or its Secret is another", () =>
  Effect.gen(function*() {
    const { replica, said, state } = cluster()
    const one = yield* replica(true)
    yield* rest
    yield* one.hear(busy, 4)
    yield* rest
    assert.strictEqual(said(), "True Succeeded")
    yield* one.hear(busy, 5)
    yield* rest
    yield* one.hear(busy, 6)
    yield* rest
    assert.strictEqual(said(), "False NotifyFailed")
    yield* one.hear(undefined)
    yield* rest
    assert.strictEqual(said(), "True Succeeded")
    yield* one.hear(gone)
    yield* rest
    assert.strictEqual(said(), "False NotifyFailed")
    yield* one.renew
    yield* rest
    assert.strictEqual(said(), "True Succeeded")
    assert.lengthOf(state.writes, 5)
  }))

it.effect("takes no answer for news that was asked for with the Secret of before", () =>
  Effect.gen(function*() {
    const { replica, said } = cluster()
    const one = yield* replica(true)
    yield* rest
    yield* one.renew
    yield* TestClock.adjust("1 second")
    const voice = one.hear(gone)
    yield* one.renew
    yield* TestClock.adjust(1)
    assert.strictEqual(said(), "True Succeeded")
    yield* voice
    yield* rest
    assert.strictEqual(said(), "False NotifyFailed", "this one was asked for with the new")
  }))

it.effect("is said by one of several: by who tends it, and what a sink answers by who was answered", () =>
  Effect.gen(function*() {
    const { replica, said, state } = cluster()
    const [speaker, other] = [yield* replica(true), yield* replica(false)]
    const both = Effect.andThen(speaker.sees, other.sees)
    yield* rest
    assert.deepStrictEqual(state.writes, ["True Succeeded"])
    // It has not seen that yet: it says nothing over it.
    yield* other.hear(gone)
    yield* rest
    assert.strictEqual(said(), "True Succeeded")
    yield* both
    yield* rest
    assert.strictEqual(said(), "False NotifyFailed")
    yield* both
    yield* rest
    yield* both
    yield* rest
    assert.lengthOf(state.writes, 2, "the speaker leaves it")
    yield* other.hear(undefined)
    yield* rest
    yield* both
    yield* rest
    assert.strictEqual(said(), "True Succeeded")
    // What it knew before is no news any more.
    yield* speaker.hear(gone)
    yield* rest
    yield* both
    yield* rest
    assert.deepStrictEqual(state.writes.slice(3), ["False NotifyFailed"])
  }))

it.effect("goes on where another one, or the process before, has said something", () =>
  Effect.gen(function*() {
    const { replica, said, state } = cluster()
    const before = yield* replica(true)
    yield* rest
    yield* before.hear(gone)
    yield* rest
    const next = yield* replica(true)
    yield* rest
    assert.strictEqual(said(), "False NotifyFailed")
    yield* next.hear(undefined)
    yield* rest
    assert.deepStrictEqual(state.writes, ["True Succeeded", "False NotifyFailed", "True Succeeded"])
  }))

it.effect("tries again what passes, and ends quietly where the Notifier is gone", () =>
  Effect.gen(function*() {
    const { replica, state } = cluster()
    state.fails = failure(503)
    yield* replica(true)
    yield* TestClock.adjust("1 hour")
    assert.lengthOf(state.writes, 0)
    state.fails = undefined
    yield* TestClock.adjust("1 minute")
    assert.lengthOf(state.writes, 1)
    state.fails = failure(404)
    state.lacks = missing
    const last = yield* replica(true)
    yield* rest
    state.fails = undefined
    yield* TestClock.adjust("1 hour")
    assert.lengthOf(state.writes, 1)
    yield* last.sees
  }))
