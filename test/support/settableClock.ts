import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** The test's clock, as a wall clock that somebody sets. */
export const settableClock = Effect.clockWith((clock) =>
  Effect.sync(() => {
    let ahead = 0
    const wall = () => clock.currentTimeMillisUnsafe() + ahead
    const set: Clock.Clock = Object.create(clock, {
      currentTimeMillisUnsafe: { value: wall },
      currentTimeMillis: { value: Effect.sync(wall) }
    })
    return { clock: set, setBack: (by: number) => void (ahead -= by) }
  })
)
