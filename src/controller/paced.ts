import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import { uptime } from "../domain/uptime.ts"

/** How long before work that died is tried again. */
const pause = "10 seconds"

/**
 * Does `work` whenever it is due, one at a time, until the scope closes; then once more, if something is left, within
 * `grace` milliseconds. `due` says when, by `uptime`; undefined: there is nothing to do. The effect
 * that is answered makes it ask `due` again.
 */
export const paced = Effect.fnUntraced(function*(options: {
  readonly due: () => number | undefined
  readonly work: (isLast: boolean) => Effect.Effect<void>
  readonly grace: number
}) {
  const { due, grace, work } = options
  const wake = Latch.makeUnsafe()
  const scope = { isClosing: false }

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

  const loop = Effect.gen(function*() {
    while (!scope.isClosing) {
      wake.closeUnsafe()
      const at = due()
      const inMs = at === undefined ? undefined : at - (yield* uptime)
      if (inMs === undefined) yield* wake.await
      else if (inMs > 0) yield* Effect.timeoutOption(wake.await, inMs)
      else yield* safely(false)
    }
    if (due() !== undefined) yield* safely(true)
  })
  const fiber = yield* Effect.forkScoped(loop)
  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      scope.isClosing = true
      wake.openUnsafe()
      return Effect.interruptible(Effect.timeoutOption(Fiber.await(fiber), grace))
    })
  )
  return Effect.sync(() => void wake.openUnsafe())
})
