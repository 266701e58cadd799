import type * as Effect from "effect/Effect"
import type { SendFailed } from "./SendFailed.ts"

/** What became of one try to tell a Notifier something. */
export interface Reply {
  /** `<namespace>/<name>` of the Notifier. */
  readonly notifier: string
  /** Milliseconds since the epoch: when the try began. */
  readonly startedAt: number
  /** Of one message, from 1. */
  readonly attempt: number
  /** Undefined: it arrived. */
  readonly failure: SendFailed | undefined
}

/**
 * Who knows the Notifiers of a cluster, and says when one was mended: with a keeper, what waits for that is kept instead of
 * dropped.
 */
export interface Keeper {
  /** Whether there is a Notifier of this id (`<namespace>/<name>`) that cannot be read. */
  readonly isMalformed: (notifier: string) => boolean
  /** Told of every try. Waits for no request. */
  readonly hear: (reply: Reply) => Effect.Effect<void>
}
