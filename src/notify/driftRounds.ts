import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import { type DriftDigest, due } from "./driftDigest.ts"

/** What is seen is saved with the first of it; what follows, at most so often. */
const saveEvery = 10_000

/** Where drift is held until it is told. */
export interface Book {
  /** The digest as far as it is known, with what was just seen. Reads the record at the first time. */
  readonly known: Effect.Effect<DriftDigest>
  /** Whether it knows more than the record. */
  readonly isAhead: () => boolean
  /** Saves it, and tells what is due. */
  readonly settle: (now: number) => Effect.Effect<void>
}

/** The times at which one delivery's drift is told. */
export interface Rounds {
  /** There may be something new in the book. */
  readonly look: Effect.Effect<void>
}

/** Nothing runs while nothing is held. */
export const make = (book: Book, background: (work: Effect.Effect<void>) => Effect.Effect<void>): Rounds => {
  const news = Latch.makeUnsafe()
  let running = false

  const rounds = Effect.gen(function*() {
    let saved = -Infinity
    for (;;) {
      news.closeUnsafe()
      const digest = yield* book.known
      const now = yield* Clock.currentTimeMillis
      const next = Math.min(due(digest) ?? Infinity, book.isAhead() ? saved + saveEvery : Infinity)
      if (next <= now) {
        yield* book.settle(now)
        saved = now
      } else if (next < Infinity) {
        yield* Effect.raceFirst(Effect.sleep(next - now), news.await)
      } else if (!news.isOpen()) {
        // Together with the look above: nothing can be added in between.
        running = false
        return
      }
    }
  })

  return {
    look: Effect.suspend(() => {
      news.openUnsafe()
      if (running) return Effect.void
      running = true
      return background(Effect.onError(rounds, () =>
        Effect.sync(() => {
          running = false
        })))
    })
  }
}
