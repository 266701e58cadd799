import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import { MaxOpsBeforeYield } from "effect/References"
import * as TestClock from "effect/testing/TestClock"
import * as AdaptiveLimit from "../../src/kube/AdaptiveLimit.ts"

describe("AdaptiveLimit", () => {
  it.effect("halves once a second while the server has too many, never below one", () =>
    Effect.gen(function*() {
      const limit = yield* AdaptiveLimit.make(8)
      yield* Effect.all([limit.tooMany, limit.tooMany, limit.tooMany])
      assert.strictEqual(yield* limit.permits, 4)
      for (const permits of [2, 1, 1]) {
        yield* TestClock.adjust("1 second")
        yield* limit.tooMany
        assert.strictEqual(yield* limit.permits, permits)
      }
    }))

  it.effect("grows again with answers, up to where it began", () =>
    Effect.gen(function*() {
      const limit = yield* AdaptiveLimit.make(4)
      yield* limit.tooMany
      yield* Effect.repeat(limit.answered, { times: 1 })
      assert.strictEqual(yield* limit.permits, 3)
      yield* Effect.repeat(limit.answered, { times: 99 })
      assert.strictEqual(yield* limit.permits, 4)
    }))

  it.effect("serves who came first, and nobody who left meanwhile", () =>
    Effect.gen(function*() {
      const limit = yield* AdaptiveLimit.make(1)
      const served: Array<string> = []
      const free = yield* Latch.make(false)
      const work = (name: string) =>
        Effect.forkChild(limit.withPermit(Effect.andThen(Effect.sync(() => served.push(name)), free.await)), {
          startImmediately: true
        })
      const [first, left, third, fourth] = [yield* work("a"), yield* work("b"), yield* work("c"), yield* work("d")]
      yield* Fiber.interrupt(left)
      assert.deepStrictEqual(served, ["a"])
      yield* Fiber.interrupt(first)
      yield* Effect.yieldNow
      assert.deepStrictEqual(served, ["a", "c"])
      yield* free.open
      yield* Fiber.joinAll([third, fourth])
      assert.deepStrictEqual(served, ["a", "c", "d"])
      yield* limit.withPermit(Effect.void)
    }))

  it.effect("is not slowed by how many wait", () =>
    Effect.gen(function*() {
      const limit = yield* AdaptiveLimit.make(2)
      let [running, most] = [0, 0]
      const work = limit.withPermit(Effect.gen(function*() {
        most = Math.max(most, ++running)
        yield* Effect.yieldNow
        running--
      }))
      yield* Effect.forEach(Array.from({ length: 50_000 }), () => work, { concurrency: "unbounded", discard: true })
      assert.deepStrictEqual([running, most], [0, 2])
    }))

  it.effect("lets everybody have a turn, wherever a fiber pauses", () =>
    Effect.gen(function*() {
      for (let steps = 1; steps <= 12; steps++) {
        const limit = yield* AdaptiveLimit.make(1)
        const before = yield* Effect.forkChild(
          Effect.forEach(Array.from({ length: 50 }), () => limit.withPermit(Effect.yieldNow)),
          { startImmediately: true }
        )
        const asks = Effect.gen(function*() {
          for (let step = 0; step < steps; step++) yield* Effect.sync(() => {})
          yield* limit.withPermit(Effect.void)
        })
        const after = yield* Effect.forkChild(Effect.provideService(asks, MaxOpsBeforeYield, 12))
        yield* Fiber.join(before)
        for (let turn = 0; turn < 100; turn++) yield* Effect.yieldNow
        assert.isDefined(after.pollUnsafe(), `after ${steps} steps`)
        assert.isFalse(limit.isFull())
      }
    }))
})
