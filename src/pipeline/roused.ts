import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import { constVoid } from "effect/Function"

/**
 * Work that is done whenever the function that is answered asks for it, one at a time; asked for meanwhile, it is done once
 * more. While nobody asks there is no fiber that waits. If it dies, so does who has joined `fibers`.
 */
export const roused = <R>(
  fibers: FiberSet.FiberSet<unknown, never>,
  work: () => Effect.Effect<void, never, R>
): Effect.Effect<() => void, never, R> =>
  Effect.map(FiberSet.runtime(fibers)<R>(), (fork) => {
    let [isAsked, isWorking] = [false, false]
    const body = () => {
      isAsked = false
      return work()
    }
    // In one step: whoever asks from then on begins anew.
    const isOver = () => !isAsked && !(isWorking = false)
    const works = Effect.whileLoop({ while: () => !isOver(), body, step: constVoid })
    return () => {
      isAsked = true
      if (isWorking) return
      isWorking = true
      // Who asks goes on first.
      fork(Effect.andThen(Effect.yieldNow, works))
    }
  })
