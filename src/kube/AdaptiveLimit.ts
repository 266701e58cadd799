import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"

/** A number of requests at once that yields to a server which says that it has too many. */
export interface AdaptiveLimit {
  readonly withPermit: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** The server said 429: halves the number, at most once a second. */
  readonly tooMany: Effect.Effect<void>
  /** A request was answered: as many answers as may run at once allow one more, up to the first number. */
  readonly answered: Effect.Effect<void>
  readonly permits: Effect.Effect<number>
}

export const make = Effect.fnUntraced(function*(maximum: number) {
  const semaphore = yield* Semaphore.make(maximum)
  let permits = maximum
  let answers = 0
  let halved = Number.NEGATIVE_INFINITY

  const resize = (next: number) => {
    permits = next
    answers = 0
    return Semaphore.resize(semaphore, next)
  }
  const limit: AdaptiveLimit = {
    withPermit: (effect) => Semaphore.withPermit(semaphore, effect),
    tooMany: Effect.flatMap(Clock.currentTimeMillis, (now) => {
      if (now < halved + 1_000) return Effect.void
      halved = now
      return resize(Math.max(1, Math.floor(permits / 2)))
    }),
    answered: Effect.suspend(() => permits === maximum || ++answers < permits ? Effect.void : resize(permits + 1)),
    permits: Effect.sync(() => permits)
  }
  return limit
})
