import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"

/**
 * Work that is done whenever the function that is answered asks for it, one at a time; asked for meanwhile, it is done once
 * more. While nobody asks there is no fiber that waits: `fork` begins one.
 */
export const roused = <R>(
  fork: (work: Effect.Effect<void, never, R>) => unknown,
  work: () => Effect.Effect<void, never, R>
): () => void => {
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
}

/** Does something about each value that the function is given, one after the other; who gives them waits for nothing. */
export const inTurn = <A, R>(
  fork: (work: Effect.Effect<void, never, R>) => unknown,
  act: (value: A) => Effect.Effect<void, never, R>
): (value: A) => void => {
  const waiting: Array<A> = []
  const rest = () =>
    Effect.whileLoop({ while: () => waiting.length > 0, body: () => act(waiting.shift()!), step: constVoid })
  const ask = roused(fork, rest)
  return (value) => {
    waiting.push(value)
    ask()
  }
}
