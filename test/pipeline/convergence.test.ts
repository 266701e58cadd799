import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { ApplyFailed } from "../../src/domain/StageError.ts"
import type { Request } from "../../src/pipeline/Request.ts"
import { push, revision, running, stop, World } from "./model.ts"

describe("the loop of one delivery", () => {
  it.effect("applies what the source points to, once", () =>
    Effect.gen(function*() {
      const world = new World()
      yield* running(world, TestClock.adjust("10 seconds"))
      assert.deepStrictEqual(world.cluster, [revision(1).hash, revision(1).hash])
      assert.deepStrictEqual(world.outcomes(), ["Applied"])
      assert.strictEqual(world.told.length, 1)
    }))

  it.effect("lets a newer revision interrupt a health wait, and says by whom", () =>
    Effect.gen(function*() {
      const world = new World()
      world.healthMs = 60_000
      yield* running(
        world,
        Effect.gen(function*() {
          yield* TestClock.adjust("2 seconds")
          yield* push(world, 2)
          world.healthMs = 10
          yield* TestClock.adjust("3 seconds")
        })
      )
      assert.deepStrictEqual(world.outcomes(), ["Interrupted", "Applied"])
      assert.strictEqual(world.cluster[1], revision(2).hash)
      const interrupted = world.events.find((event) => event._tag === "RunInterrupted")
      assert.include(interrupted?._tag === "RunInterrupted" ? interrupted.by : "", revision(2).hash)
    }))

  it.effect("never leaves a write half done, and the next run starts from what is there", () =>
    Effect.gen(function*() {
      const world = new World()
      world.writeMs = 5_000
      yield* running(
        world,
        Effect.gen(function*() {
          yield* TestClock.adjust("1 second")
          yield* push(world, 2)
          yield* TestClock.adjust("30 seconds")
        })
      )
      assert.deepStrictEqual(world.cluster, [revision(2).hash, revision(2).hash])
      assert.deepStrictEqual(world.outcomes(), ["Interrupted", "Applied"])
    }))

  it.effect("advances the revision without a run when nothing that it reads has changed", () =>
    Effect.gen(function*() {
      const world = new World()
      world.closureOf = () => "the same"
      yield* running(
        world,
        Effect.gen(function*() {
          yield* TestClock.adjust("5 seconds")
          yield* push(world, 2)
          yield* TestClock.adjust("5 seconds")
        })
      )
      assert.deepStrictEqual(world.outcomes(), ["Applied", "Unchanged"])
      assert.strictEqual(world.recorded, `main@sha1:${revision(1).hash}`)
    }))

  it.effect("makes progress under a commit every 300 ms", () =>
    Effect.gen(function*() {
      const world = new World()
      world.planMs = 400
      let applied = 0
      const tick = Stream.tick("100 millis").pipe(Stream.map(() => ({ why: "interval" as const })))
      yield* running(
        world,
        Effect.gen(function*() {
          for (let count = 2; count < 202; count++) {
            const before = world.recorded
            yield* push(world, count)
            yield* TestClock.adjust("300 millis")
            if (world.recorded !== before) applied++
          }
          yield* TestClock.adjust("10 seconds")
        }),
        { requests: tick }
      )
      assert.isAbove(applied, 10)
      assert.deepStrictEqual(world.cluster, [revision(201).hash, revision(201).hash])
    }))

  it.effect("ends on the newest revision after any storm of commits, kills and failures", () =>
    Effect.gen(function*() {
      const storms = 1_000
      for (let storm = 0; storm < storms; storm++) {
        const world = new World()
        const below = (limit: number) => Random.nextIntBetween(0, limit)
        world.planMs = yield* below(300)
        world.writeMs = yield* below(200)
        world.healthMs = yield* below(2_000)
        let count = 1
        const requests = Stream.tick("2 seconds").pipe(Stream.map(() => ({ why: "interval" as const })))
        let fiber = yield* Effect.forkChild(world.run({ requests }))
        const steps = 3 + (yield* below(5))
        for (let step = 0; step < steps; step++) {
          yield* TestClock.adjust(1 + (yield* below(1_500)))
          switch (yield* below(4)) {
            case 0:
            case 1:
              yield* push(world, ++count)
              break
            case 2:
              world.runFails = world.runFails === undefined ? new ApplyFailed({ detail: "away" }) : undefined
              break
            default:
              yield* stop(fiber)
              fiber = yield* Effect.forkChild(world.run({ requests }))
          }
        }
        world.runFails = undefined
        yield* TestClock.adjust("2 minutes")
        yield* stop(fiber)
        assert.deepStrictEqual(world.cluster, [revision(count).hash, revision(count).hash], `storm ${storm}`)
      }
    }), 60_000)

  it.effect("opens no tree of a revision that is known to touch nothing", () =>
    Effect.gen(function*() {
      const world = new World()
      const opened: Array<string> = []
      yield* running(
        world,
        Effect.gen(function*() {
          yield* TestClock.adjust("2 seconds")
          yield* push(world, 2)
          yield* TestClock.adjust("5 seconds")
        }),
        {
          untouched: () => Effect.succeed(true),
          tree: (of) => Effect.suspend(() => (opened.push(of.hash), world.options.tree(of)))
        }
      )
      assert.deepStrictEqual(world.outcomes(), ["Applied", "Unchanged"])
      assert.deepStrictEqual(opened, [revision(1).hash])
    }))

  it.effect("runs again when drift asks for it, although nothing is new", () =>
    Effect.gen(function*() {
      const world = new World()
      const drifted = yield* Latch.make(false)
      yield* running(
        world,
        Effect.gen(function*() {
          yield* TestClock.adjust("2 seconds")
          world.cluster[0] = "somebody else's"
          yield* drifted.open
          yield* TestClock.adjust("2 seconds")
        }),
        { beside: ({ ask }) => Effect.andThen(drifted.await, ask("drift")) }
      )
      assert.deepStrictEqual(world.cluster, [revision(1).hash, revision(1).hash])
    }))

  it.effect("ends every run with its outcome, also one that is replaced while its end is told", () =>
    Effect.gen(function*() {
      const world = new World()
      const drifted = yield* Latch.make(false)
      yield* running(
        world,
        Effect.gen(function*() {
          // The run is over, and its message takes its time.
          yield* TestClock.adjust("2 seconds")
          world.cluster[0] = "somebody else's"
          yield* drifted.open
          yield* TestClock.adjust("8 seconds")
        }),
        {
          beside: ({ ask }) => Effect.andThen(drifted.await, ask("drift")),
          tell: () => Effect.sleep("3 seconds")
        }
      )
      assert.deepStrictEqual(world.outcomes(), ["Applied", "Applied"])
    }))

  it.effect("answers whoever asks by hand with an outcome, also where there is nothing to do", () =>
    Effect.gen(function*() {
      const world = new World()
      const asked = yield* Queue.unbounded<Request>()
      yield* running(
        world,
        Effect.gen(function*() {
          yield* Queue.offer(asked, { why: "started" })
          yield* TestClock.adjust("2 seconds")
          yield* Queue.offer(asked, { why: "webhook" })
          yield* TestClock.adjust("2 seconds")
          yield* Queue.offer(asked, { why: "manual" })
          yield* TestClock.adjust(1)
          yield* TestClock.adjust("2 seconds")
        }),
        { requests: Stream.fromQueue(asked) }
      )
      assert.deepStrictEqual(world.outcomes(), ["Applied", "Unchanged"])
    }))
})
