import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
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
})
