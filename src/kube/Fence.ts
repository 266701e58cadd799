import type * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { uptimeOf } from "../domain/uptime.ts"

/** Whether this process may change the cluster now. A client cannot be made without saying what fence it has. */
export interface Fence {
  /** Milliseconds that a change may be at work that is sent now; undefined: it must not be sent. */
  readonly left: (clock: Clock.Clock) => number | undefined
  /** Returns when changes may be sent: at once, if they may be now. */
  readonly passed: Effect.Effect<void>
  /** What it answers returns once changes may be sent that could not be sent now or later. */
  readonly reopened: () => Effect.Effect<void>
}

/** Of who shares its work with nobody. */
export const noFence: Fence = {
  left: () => Number.POSITIVE_INFINITY,
  passed: Effect.void,
  reopened: () => Effect.never
}

/** A point in time, by both clocks, in milliseconds. */
export interface Moment {
  readonly monotonic: number
  readonly wall: number
}

export const momentOf = (clock: Clock.Clock): Moment => ({
  monotonic: uptimeOf(clock),
  wall: clock.currentTimeMillisUnsafe()
})

/** The share of a Lease's time, from when its last renewal was sent, in which changes may be sent. */
const open = 3 / 4
/** And by when they have to be over: so much before others may take over. */
const over = 7 / 8

/**
 * Open for three quarters of a Lease's time since the last renewal that succeeded was sent. Where the machine itself was
 * paused its monotonic clock may have been too: the clock that says more counts, and one that is set ahead costs a
 * renewal.
 */
export class LeaseFence implements Fence {
  #held: { readonly sent: Moment; readonly duration: number; readonly clock: Clock.Clock } | undefined
  #openings = 0
  #opening = Deferred.makeUnsafe<void>()

  left(clock: Clock.Clock): number | undefined {
    if (this.#held === undefined) return undefined
    const { duration, sent } = this.#held
    const elapsed = Math.max(uptimeOf(clock) - sent.monotonic, clock.currentTimeMillisUnsafe() - sent.wall)
    return elapsed < open * duration ? over * duration - elapsed : undefined
  }

  /** A renewal of a Lease of `duration` milliseconds succeeded that was sent then. */
  hold(sent: Moment, duration: number, clock: Clock.Clock): void {
    const wasOpen = this.left(clock) !== undefined
    this.#held = { sent, duration, clock }
    if (wasOpen || this.left(clock) === undefined) return
    this.#openings++
    const waiting = this.#opening
    this.#opening = Deferred.makeUnsafe()
    Deferred.doneUnsafe(waiting, Effect.void)
  }

  /** The Lease is somebody else's, or nobody's. */
  close(): void {
    this.#held = undefined
  }

  readonly passed: Effect.Effect<void> = Effect.suspend(() =>
    this.#held !== undefined && this.left(this.#held.clock) !== undefined
      ? Effect.void
      : Effect.andThen(Deferred.await(this.#opening), this.passed)
  )

  reopened(): Effect.Effect<void> {
    const before = this.#openings
    return Effect.suspend(() => this.#openings > before ? Effect.void : Deferred.await(this.#opening))
  }
}
