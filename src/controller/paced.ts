import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import { atClose } from "../domain/atClose.ts"
import { uptime } from "../domain/uptime.ts"

/** How long before work that died is tried again. */
const pause = "10 seconds"

/** Who works: a fiber, for as long as there is something to do, and what tells it that `due` says something else. */
interface Worker {
  readonly fiber: Fiber.Fiber<void>
  readonly news: Latch.Latch
}

/**
 * Does `work` whenever it is due, one at a time, until the scope closes; then once more, if something is left, within
 * `grace` milliseconds. `due` says when, by `uptime`; undefined: there is nothing to do, and nothing that waits for it. The
 * effect that is answered makes it ask `due` again.
 */
export const paced = Effect.fnUntraced(function*(options: {
  readonly due: () => number | undefined
  readonly work: (isLast: boolean) => Effect.Effect<void>
  readonly grace: number
}) {
  const { due, grace, work } = options
  const fork = Effect.runForkWith(yield* Effect.context())
  let worker: Worker | undefined
  let isClosing = false

  // Who works is not expected to die; who does must not take all later work with it.
  const safely = (isLast: boolean) =>
    Effect.catchDefect(
      work(isLast),
      (defect) =>
        Effect.andThen(
          Effect.logError("this is a mistake in Sluice", defect),
          isLast ? Effect.void : Effect.sleep(pause)
        )
    )

  const loop = (news: Latch.Latch) =>
    Effect.gen(function*() {
      // Whoever wakes it knows it by then.
      yield* Effect.yieldNow
      for (;;) {
        news.closeUnsafe()
        const at = due()
        if (at === undefined) break
        if (isClosing) return yield* safely(true)
        const inMs = at - (yield* uptime)
        if (inMs > 0) yield* Effect.timeoutOption(news.await, inMs)
        else yield* safely(false)
      }
      worker = undefined
    })
  const wake = Effect.sync(() => {
    if (worker !== undefined) return void worker.news.openUnsafe()
    const news = Latch.makeUnsafe()
    worker = { fiber: fork(loop(news)), news }
  })
  const last = Effect.suspend(() => {
    if (worker === undefined) return Effect.void
    const { fiber } = worker
    return Effect.ensuring(
      Effect.interruptible(Effect.timeoutOption(Fiber.await(fiber), grace)),
      Fiber.interrupt(fiber)
    )
  })
  yield* atClose(Effect.suspend(() => {
    isClosing = true
    return Effect.andThen(wake, last)
  }))
  yield* wake
  return wake
})
