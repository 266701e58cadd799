import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { paced } from "../../src/controller/paced.ts"

describe("paced", () => {
  it.effect("works when it is due, and asks again when it is woken", () =>
    Effect.gen(function*() {
      const done = yield* Queue.unbounded<number>()
      let due: number | undefined
      const work = () =>
        Effect.gen(function*() {
          due = undefined
          yield* Queue.offer(done, yield* Clock.currentTimeMillis)
        })
      const wake = yield* paced({ due: () => due, work, grace: 1_000 })
      due = 5_000
      yield* wake
      yield* TestClock.adjust(1)
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual(Queue.sizeUnsafe(done), 0)
      due = 4_500
      yield* wake
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* Queue.take(done), 4_500)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(Queue.sizeUnsafe(done), 0)
    }))

  it.effect("goes on after work that died", () =>
    Effect.gen(function*() {
      const done = yield* Latch.make()
      let left = 2
      const work = () =>
        Effect.suspend(() => {
          if (left-- === 2) return Effect.die("a mistake")
          return Effect.asVoid(done.open)
        })
      yield* paced({ due: () => left > 0 ? 0 : undefined, work, grace: 1_000 })
      yield* TestClock.adjust(1)
      yield* TestClock.adjust("10 seconds")
      yield* done.await
    }))

  it.effect("does what is left when its scope closes, after what is under way", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const told: Array<string> = []
      const [begun, release] = [yield* Latch.make(), yield* Latch.make()]
      let left = 2
      const work = (isLast: boolean) =>
        Effect.gen(function*() {
          left--
          told.push(`${isLast ? "last" : "work"} begins`)
          yield* begun.open
          yield* release.await
          told.push("ends")
        })
      yield* Scope.provide(paced({ due: () => left > 0 ? 0 : undefined, work, grace: 1_000 }), scope)
      yield* begun.await
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      yield* release.open
      yield* Fiber.join(closing)
      assert.deepStrictEqual(told, ["work begins", "ends", "last begins", "ends"])
    }))

  it.effect("lets a shutdown wait no longer than its grace", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const begun = yield* Latch.make()
      const work = () => Effect.andThen(begun.open, Effect.never)
      yield* Scope.provide(paced({ due: () => 0, work, grace: 1_000 }), scope)
      yield* begun.await
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(closing)
    }))
})
