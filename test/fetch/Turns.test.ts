import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { make } from "../../src/fetch/Turns.ts"

const options = { quick: { all: 3, host: 2 }, patient: { all: 6, host: 4 }, begun: 1_000 }

describe("turns", () => {
  it.effect("leave places to others while one host is slow", () =>
    Effect.gen(function*() {
      const turn = make(options)
      let begun = 0
      const stuck = turn("https://slow.example.com/a.git")(Effect.andThen(Effect.sync(() => begun++), Effect.never))
      const fibers = yield* Effect.forEach([1, 2, 3, 4, 5], () => Effect.forkChild(stuck, { startImmediately: true }))
      yield* Effect.yieldNow
      assert.strictEqual(begun, 2)
      assert.strictEqual(yield* turn("https://quick.example.com/b.git")(Effect.succeed("done")), "done")
      yield* TestClock.adjust(1_000)
      assert.strictEqual(begun, 4)
      yield* TestClock.adjust(10_000)
      assert.strictEqual(begun, 4)
      yield* Fiber.interruptAll(fibers)
      assert.strictEqual(yield* turn("https://slow.example.com/c.git")(Effect.succeed("free")), "free")
    }))

  it.effect("are given on by what waits for an answer, also of the same host", () =>
    Effect.gen(function*() {
      const turn = make(options)
      const answer = yield* Deferred.make<string, string>()
      const waiting = turn("https://one.example.com/a.git")(Deferred.await(answer))
      const fibers = yield* Effect.forEach([1, 2], () => Effect.forkChild(waiting, { startImmediately: true }))
      yield* TestClock.adjust(1_000)
      assert.strictEqual(yield* turn("https://one.example.com/b.git")(Effect.succeed("done")), "done")
      yield* Deferred.fail(answer, "refused")
      const exits = yield* Effect.forEach(fibers, (fiber) => Effect.flip(Fiber.join(fiber)))
      assert.deepStrictEqual(exits, ["refused", "refused"])
    }))
})
