import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { classOf, type StageError } from "./StageError.ts"

const firstMs = 1_000
const longestMs = 5 * 60_000

/** How long a stalled delivery waits before it is tried again with nothing new. */
export const slowIntervalMs = 10 * 60_000

/** A server that has just begun refuses what it does not know the rights of yet, and rights are granted while one waits. */
const firstRefusedMs = 2_000

/**
 * When a failed attempt (the first is 0) is tried again, in milliseconds: transient errors with exponential backoff and
 * full jitter from 1 s to 5 min, never before the other side's `Retry-After`; stalled ones at the slow interval, and what
 * was refused for want of rights sooner at first (2 s, doubled each time); blocked ones not at all. Success or a new
 * identity starts again at 0, since both start a new series of attempts.
 */
export const retryDelay = (error: StageError, attempt: number): Effect.Effect<number | undefined> => {
  switch (classOf(error)) {
    case "transient":
      return Effect.map(Random.next, (chance) =>
        Math.max(
          error.retryAfter ?? 0,
          Math.round(chance * Math.min(longestMs, firstMs * 2 ** attempt))
        ))
    case "stalled":
      return Effect.succeed(
        error._tag === "AccessDenied" ? Math.min(slowIntervalMs, firstRefusedMs * 2 ** attempt) : slowIntervalMs
      )
    case "blocked":
      return Effect.succeed(undefined)
  }
}
