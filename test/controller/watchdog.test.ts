import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as TestClock from "effect/testing/TestClock"
import { Delivery } from "../../src/api/v1alpha1/Delivery.ts"
import * as Account from "../../src/controller/Account.ts"
import { type LaneVitals, Vitals, VitalsBoard, watched } from "../../src/controller/Vitals.ts"
import { stuck, watchdog } from "../../src/controller/watchdog.ts"
import type { RunEvent } from "../../src/domain/Outcome.ts"
import type { Revision } from "../../src/domain/Revision.ts"
import { ApplyFailed, type FetchError } from "../../src/domain/StageError.ts"
import { Fetch } from "../../src/fetch/Fetch.ts"
import { Sources } from "../../src/fetch/Sources.ts"
import { Secrets } from "../../src/kube/Secrets.ts"
import { lane, type LaneOptions } from "../../src/pipeline/Lane.ts"
import { Meter, MeterState } from "../../src/telemetry/Meter.ts"
import { watchdogRestarts } from "../../src/telemetry/metrics.ts"
import { revision, World } from "../pipeline/model.ts"
import { live } from "./live.ts"

const interval = 60_000
const timeout = 300_000

/** Tends a lane as the controller does, on a board of its own: what decides anew ends what goes on, and begins it again. */
const tended = Effect.fnUntraced(
  function*(
    world: World,
    begin: (vitals: LaneVitals) => Effect.Effect<Partial<LaneOptions<never>>, FetchError, Scope.Scope>
  ) {
    const turns = yield* SubscriptionRef.make(0)
    const account = yield* Account.make({
      namespace: "shop",
      name: "shop",
      live: () => live("shop/shop"),
      restart: (why) => {
        told.push(why)
        return SubscriptionRef.update(turns, (turn) => turn + 1)
      }
    })
    const told: Array<string> = []
    const once = Effect.scoped(Effect.gen(function*() {
      const vitals = yield* watched(account.vital, { interval, timeout })
      const options = yield* begin(vitals)
      const hear = (event: RunEvent) => {
        world.events.push(event)
        return account.hear(event)
      }
      yield* lane<never>({ ...world.options, ...options, hear })
    }))
    const acts = SubscriptionRef.changes(turns).pipe(
      Stream.switchMap(() => Stream.fromEffectDrain(once)),
      Stream.runDrain
    )
    yield* Effect.forkScoped(Effect.orDie(acts))
    return told
  }
)

const ground = Effect.fnUntraced(function*<A, E>(
  body: (meter: MeterState) => Effect.Effect<A, E, Scope.Scope>
) {
  const meter = new MeterState()
  const lines: Array<string> = []
  const logger = Logger.make<unknown, void>((entry) => void lines.push(Logger.formatLogFmt.log(entry)))
  const value = yield* Effect.scoped(Effect.andThen(Effect.forkScoped(watchdog), body(meter))).pipe(
    Effect.provideService(Vitals, new VitalsBoard()),
    Effect.provideService(Meter, meter),
    Effect.provide(Logger.layer([logger]))
  )
  return { value, lines, restarts: [...meter.counted.series(watchdogRestarts)] }
})

describe("the watchdog", () => {
  it.effect("starts a lane anew whose look at the source never ends, says why, and counts it", () =>
    Effect.gen(function*() {
      const world = new World()
      let looks = 0
      const { lines, restarts, value } = yield* ground(() =>
        Effect.gen(function*() {
          const told = yield* tended(world, (vitals) =>
            Effect.succeed({
              head: vitals.look(Effect.suspend(() => looks++ === 0 ? Effect.never : Effect.succeed(world.head)))
            }))
          yield* TestClock.adjust("14 minutes")
          assert.deepStrictEqual(told, [])
          yield* TestClock.adjust("3 minutes")
          const counted = (yield* Meter).counted.series(watchdogRestarts)
          return { told: [...told], counted: [...counted] }
        })
      )
      assert.match(
        value.told.join(),
        /^starts anew because it is stuck: its look at the source has not moved for 1\d min$/u
      )
      assert.deepStrictEqual(world.outcomes(), ["Applied"])
      assert.deepStrictEqual(value.counted, [[`namespace="shop",name="shop"`, 1]])
      assert.isTrue(
        lines.some((line) => line.includes("stuck") && line.includes("delivery=shop/shop")),
        lines.join("\n")
      )
      // What is counted of a Delivery ends with it.
      assert.deepStrictEqual(restarts, [])
    }))

  it.effect("starts all anew who share a poller that never comes back, on one that does", () =>
    Effect.gen(function*() {
      let listings = 0
      const list = Effect.suspend(() => listings++ === 0 ? Effect.never : Effect.succeed(revision(1)))
      const opened = {
        key: "one",
        url: "https://git.example.com/shop.git",
        pinned: undefined,
        expires: undefined,
        follow: Effect.void,
        list,
        fetch: () => Effect.die("not asked for"),
        told: (error: FetchError) => error
      }
      const sources = Sources.layer.pipe(
        Layer.provide(Layer.mock(Fetch, { open: () => Effect.succeed(opened) }))
      )
      const source = { git: { url: opened.url }, interval: "1m" }
      const delivery = Schema.decodeUnknownSync(Delivery)({
        apiVersion: "sluice.dev/v1alpha1",
        kind: "Delivery",
        metadata: { name: "shop" },
        spec: { source }
      })
      const worlds = [new World(), new World()]
      const { value } = yield* ground(() =>
        Effect.gen(function*() {
          const told = yield* Effect.forEach(worlds, (world) =>
            Effect.gen(function*() {
              const { follow } = yield* Sources
              return yield* tended(world, (vitals) =>
                Effect.map(follow(delivery), (followed) => {
                  vitals.source = () => followed
                  return { head: vitals.look(followed.head as Effect.Effect<Revision, FetchError>) }
                }).pipe(Effect.provide(Layer.mock(Secrets, {}))))
            }))
          yield* TestClock.adjust("6 minutes")
          return told.map((each) => each.length)
        }).pipe(Effect.provide(sources))
      )
      assert.deepStrictEqual(value, [1, 1])
      // One poller for both, as before.
      assert.isAtMost(listings, 4)
      for (const world of worlds) assert.deepStrictEqual(world.outcomes(), ["Applied"])
    }))

  it.effect("leaves alone who waits: for a try that is due, a long rollout, a source that fails, or nothing at all", () =>
    Effect.gen(function*() {
      const [rests, fails, rolls] = [new World(), new World(), new World()]
      fails.runFails = new ApplyFailed({ detail: "forbidden", class: "stalled" })
      rolls.healthMs = 600_000
      const { value } = yield* ground(() =>
        Effect.gen(function*() {
          const told = yield* Effect.forEach([rests, fails, rolls], (world) =>
            tended(world, (vitals) => Effect.succeed({ head: vitals.look(world.options.head) })))
          yield* TestClock.adjust("3 hours")
          return told.flat()
        })
      )
      assert.deepStrictEqual(value, [])
      assert.isAbove(fails.outcomes().length, 10)
    }))
})

describe("what is stuck", () => {
  const now = 100 * interval
  const lane = (given: Partial<LaneVitals>): LaneVitals => ({
    since: 0,
    interval,
    timeout,
    movedAt: 0,
    restartedAt: 0,
    waiting: 0,
    runs: new Map(),
    looks: 0,
    due: undefined,
    source: () => undefined,
    ...given
  } as LaneVitals)
  const listed = (lookedAt: number, dueAt: number, waits = false) => () => ({
    listed: () => ({ lookedAt, dueAt, succeededAt: 0, waits }),
    expires: undefined,
    abandon: Effect.void
  })
  const of = (given: Partial<LaneVitals>, awakeSince = 0) => stuck(lane(given), now, awakeSince)?.reason

  it("is a run that does not move for longer than all that it may wait for", () => {
    const runs = new Map([["run", "apply" as const]])
    assert.strictEqual(of({ runs }), "run")
    assert.strictEqual(of({ runs, movedAt: now - 19 * 60_000 }), undefined)
    assert.strictEqual(of({ runs, movedAt: now - 21 * 60_000 }), "run")
    assert.strictEqual(of({ runs: new Map([["run", "render" as const]]), movedAt: now - 16 * 60_000 }), "run")
    // Three of its own intervals, if they are longer.
    assert.strictEqual(of({ runs, interval: 30 * 60_000, movedAt: now - 60 * 60_000 }), undefined)
    assert.strictEqual(of({ runs, waiting: 1 }), undefined)
  })

  it("is a source that was to be listed three intervals ago", () => {
    assert.strictEqual(of({ source: listed(now - 5 * interval, now - 4 * interval - 1) }), "source")
    assert.strictEqual(of({ source: listed(now - 5 * interval, now - 3 * interval) }), undefined)
    // Thousands of sources share the slots of a host that does not answer.
    assert.strictEqual(of({ source: listed(0, 0, true) }), undefined)
    // Its server asked for patience.
    assert.strictEqual(of({ source: listed(0, now + interval) }), undefined)
    assert.strictEqual(of({ source: listed(0, 0), since: now - interval }), undefined)
  })

  it("is a try that was due, and of which nothing was heard", () => {
    assert.strictEqual(of({ due: now - 5 * interval }), "retry")
    assert.strictEqual(of({ due: now - 5 * interval, movedAt: now - interval }), undefined)
    assert.strictEqual(of({ due: now + interval }), undefined)
  })

  it("is nothing that rests, and no time counts in which the process was paused, or that went by since it began anew", () => {
    assert.strictEqual(of({}), undefined)
    for (const given of [{ looks: 1 }, { due: 1 }, { source: listed(0, 0) }]) {
      assert.isDefined(of(given))
      assert.strictEqual(of(given, now - interval), undefined)
      assert.strictEqual(of({ ...given, restartedAt: now - interval }), undefined)
    }
  })
})
