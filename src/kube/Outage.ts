import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { uptime } from "../domain/uptime.ts"

/** Milliseconds without a 429 after which an answer says that the server has come to itself. */
const calm = 1_000

/** Whether the API server can be reached and takes requests, as requests find out by the way. */
export interface Outage {
  /** A request got no answer. */
  readonly began: Effect.Effect<void>
  /** The server had too many requests. */
  readonly tooMany: Effect.Effect<void>
  /** A request was answered, whatever the answer says. */
  readonly answered: Effect.Effect<void>
  /** What it answers returns once an outage is over that is not over now: what failed in it may be tried again. */
  readonly recovered: () => Effect.Effect<void>
}

export const make = (): Outage => {
  let isOut = false
  let count = 0
  let refusedAt = Number.NEGATIVE_INFINITY
  let over = Deferred.makeUnsafe<void>()
  const end = Effect.suspend(() => {
    isOut = false
    count++
    const waiting = over
    over = Deferred.makeUnsafe()
    return Effect.asVoid(Deferred.succeed(waiting, undefined))
  })
  return {
    began: Effect.sync(() => {
      isOut = true
    }),
    tooMany: Effect.map(uptime, (now) => {
      isOut = true
      refusedAt = now
    }),
    answered: Effect.suspend(() =>
      isOut
        ? Effect.flatMap(uptime, (now) => now - refusedAt < calm ? Effect.void : end)
        : Effect.void
    ),
    recovered: () => {
      const before = count
      return Effect.suspend(() => count > before ? Effect.void : Deferred.await(over))
    }
  }
}
