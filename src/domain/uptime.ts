import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/**
 * Milliseconds by a clock that nobody sets: for how long something takes, and how long ago it was. It tells no time of
 * day, and another process has another one.
 */
export const uptimeOf = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe() / 1_000n) / 1_000

export const uptime: Effect.Effect<number> = Effect.clockWith((clock) => Effect.sync(() => uptimeOf(clock)))
