import * as Effect from "effect/Effect"
import { uptime } from "../domain/uptime.ts"

/** Turns to send, one after the other for each sink. */
export interface Pace {
  /** Returns when it is this caller's turn. */
  readonly turn: (sink: string) => Effect.Effect<void>
  /** Nobody gets a turn for so many milliseconds: the sink asked for it. */
  readonly hold: (sink: string, milliseconds: number) => Effect.Effect<void>
}

/** Sinks that had their last turn long ago need no memory. */
const remembered = 1_000

/** At most one turn in `interval` milliseconds for each sink: what Slack allows a channel. */
export const make = (interval: number): Pace => {
  const free = new Map<string, number>()
  const forget = (now: number) => {
    if (free.size > remembered) { for (const [sink, at] of free) if (at <= now) free.delete(sink) }
  }
  const turn = Effect.fnUntraced(function*(sink: string) {
    const now = yield* uptime
    forget(now)
    const at = Math.max(now, free.get(sink) ?? 0)
    free.set(sink, at + interval)
    if (at > now) yield* Effect.sleep(at - now)
  })
  const hold = Effect.fnUntraced(function*(sink: string, milliseconds: number) {
    const now = yield* uptime
    free.set(sink, Math.max(now + milliseconds, free.get(sink) ?? 0))
  })
  return { turn, hold }
}
