import type * as Clock from "effect/Clock"
import type * as Effect from "effect/Effect"
import type * as Latch from "effect/Latch"
import type { Leases } from "../kube/Leases.ts"
import type { OwnLease } from "./OwnLease.ts"
import type { Share } from "./Share.ts"
import type { Sightings } from "./Sightings.ts"

/** Who does the work of one replica. */
export interface Hands {
  /** Ends all that is tended and that this does not hold for; returns when nothing of it is under way any more. */
  readonly leave: (keeps: (key: string) => boolean) => Effect.Effect<void>
  /** Told that what is tended may be more than before. */
  readonly moved: Effect.Effect<void>
  /** How many Deliveries are tended. */
  readonly count: () => number
}

/** How one replica stands among the others. */
export interface Standing {
  readonly own: OwnLease
  readonly sightings: Sightings
  readonly leases: Leases["Service"]
  readonly clock: Clock.Clock
  /** Opened when there is something to think about. */
  readonly stirred: Latch.Latch
  /** Opened when it takes part for the first time. */
  readonly joined: Latch.Latch
  share: Share
  /** Undefined: nothing may be begun or given up, since all of it is about to end. */
  hands: Hands | undefined
}
