import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { make } from "../../src/kube/Outage.ts"

const waiting = (recovered: Effect.Effect<void>) => Effect.forkChild(recovered, { startImmediately: true })

describe("an outage", () => {
  it.effect("is over with the first answer, for those who ask before and while it lasts", () =>
    Effect.gen(function*() {
      const outage = make()
      const before = outage.recovered()
      yield* outage.answered
      const fibers = [yield* waiting(before), yield* waiting(outage.recovered())]
      yield* outage.began
      assert.isUndefined(fibers[0]!.pollUnsafe())
      yield* outage.answered
      for (const fiber of fibers) yield* Fiber.join(fiber)
      // Also for who comes to wait only after it is over.
      yield* before
    }))

  it.effect("of too many requests is over when none was refused for a second", () =>
    Effect.gen(function*() {
      const outage = make()
      const fiber = yield* waiting(outage.recovered())
      for (let second = 0; second < 10; second++) {
        yield* outage.tooMany
        yield* TestClock.adjust("500 millis")
        yield* outage.answered
      }
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("500 millis")
      yield* outage.answered
      yield* Fiber.join(fiber)
    }))
})
