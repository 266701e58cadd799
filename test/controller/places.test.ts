import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { make } from "../../src/controller/Places.ts"
import { Pulse } from "../../src/telemetry/Pulse.ts"

/** Work that goes on until it is interrupted, and says when it began. */
const hanging = (begun: Array<number>, number: number) =>
  Effect.andThen(Effect.sync(() => void begun.push(number)), Effect.never)

describe("Places", () => {
  it.effect("lets as many work as there are places, in the order in which they came", () =>
    Effect.gen(function*() {
      const places = make({ count: 2, atMost: 1_000 })
      const begun: Array<number> = []
      const fibers = yield* Effect.forEach([1, 2, 3, 4], (number) =>
        Effect.forkChild(places.during(hanging(begun, number)), { startImmediately: true }))
      yield* TestClock.adjust(10)
      assert.deepStrictEqual(begun, [1, 2])
      yield* Fiber.interrupt(fibers[0]!)
      yield* TestClock.adjust(10)
      assert.deepStrictEqual(begun, [1, 2, 3])
    }))

  it.effect("gives the place of one that hangs to the next", () =>
    Effect.gen(function*() {
      const places = make({ count: 1, atMost: 1_000 })
      const begun: Array<number> = []
      for (const number of [1, 2]) {
        yield* Effect.forkChild(places.during(hanging(begun, number)), { startImmediately: true })
      }
      yield* TestClock.adjust(999)
      assert.deepStrictEqual(begun, [1])
      yield* TestClock.adjust(2)
      assert.deepStrictEqual(begun, [1, 2])
    }))

  it.effect("takes a place back once, however often it is given, and from who was interrupted", () =>
    Effect.gen(function*() {
      const places = make({ count: 1, atMost: 1_000 })
      const waits: Array<number> = []
      yield* Effect.scoped(Effect.gen(function*() {
        const give = yield* places.take
        const begun: Array<number> = []
        const waiting = yield* Effect.forkChild(
          Effect.provideService(places.during(hanging(begun, 1)), Pulse, {
            beat: () => {},
            waits: (by) => waits.push(by)
          }),
          { startImmediately: true }
        )
        yield* Fiber.interrupt(waiting)
        assert.deepStrictEqual([begun, waits], [[], [1, -1]])
        yield* give
        yield* give
      }))
      const begun: Array<number> = []
      for (const number of [1, 2]) {
        yield* Effect.forkChild(places.during(hanging(begun, number)), { startImmediately: true })
      }
      yield* TestClock.adjust(10)
      assert.deepStrictEqual(begun, [1])
    }))
})
