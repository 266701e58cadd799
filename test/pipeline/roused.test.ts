import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Latch from "effect/Latch"
import * as TestClock from "effect/testing/TestClock"
import { roused } from "../../src/pipeline/roused.ts"

describe("roused", () => {
  it.effect("works once more when it was asked meanwhile, however often", () =>
    Effect.gen(function*() {
      const fibers = yield* FiberSet.make<unknown, never>()
      const release = yield* Latch.make()
      let begun = 0
      const work = () => Effect.suspend(() => (begun++, release.await))
      const ask = roused(yield* FiberSet.runtime(fibers)(), work)
      ask()
      yield* TestClock.adjust(1)
      ask()
      ask()
      assert.strictEqual(begun, 1)
      yield* release.open
      yield* FiberSet.awaitEmpty(fibers)
      assert.strictEqual(begun, 2)
      ask()
      yield* FiberSet.awaitEmpty(fibers)
      assert.strictEqual(begun, 3)
    }))

  it.effect("ends who has joined the fibers that it works in when it dies", () =>
    Effect.gen(function*() {
      const fibers = yield* FiberSet.make<unknown, never>()
      const ask = roused(yield* FiberSet.runtime(fibers)(), () => Effect.die("a mistake"))
      ask()
      const exit = yield* Effect.exit(FiberSet.join(fibers))
      assert.isTrue(Exit.hasDies(exit))
    }))
})
