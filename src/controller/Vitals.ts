import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { DeliveryStatus } from "../api/v1alpha1/DeliveryStatus.ts"
import { atClose } from "../domain/atClose.ts"
import type { RunEvent } from "../domain/Outcome.ts"
import type { Stage } from "../domain/StageError.ts"
import type { Listed } from "../fetch/Poller.ts"
import { Meter } from "../telemetry/Meter.ts"
import { driftCorrections, driftFights, ofDeliveries, watchdogRestarts } from "../telemetry/metrics.ts"
import type { Signs } from "../telemetry/Pulse.ts"

/** What a lane follows, as far as a watchdog is concerned. */
export interface FollowedSource {
  /** When it was, and is to be, listed; undefined for a commit, which never is. */
  readonly listed: () => Listed | undefined
  /** Milliseconds since the epoch: when its credentials end, where they say so. */
  readonly expires: number | undefined
  /** Whoever follows it next gets a poller of its own. */
  readonly abandon: Effect.Effect<void>
}

/** What the lane of a Delivery does, and when it last moved. Times are milliseconds since the epoch. */
export class LaneVitals implements Signs {
  readonly since: number
  readonly interval: number
  /** How long a rollout may take. */
  readonly timeout: number
  movedAt: number
  /** How many of its steps wait for a slot that all share. */
  waiting = 0
  /** Runs that began and did not end, with the stage that each is in. */
  readonly runs = new Map<string, Stage | undefined>()
  /** Looks at the source that began and did not end. */
  looks = 0
  /** When it is to try again. */
  due: number | undefined
  /** When the watchdog last had it begin anew. */
  restartedAt = 0
  source: () => FollowedSource | undefined = () => undefined
  readonly #now: () => number

  constructor(options: { readonly interval: number; readonly timeout: number; readonly now: () => number }) {
    const { interval, now, timeout } = options
    ;[this.interval, this.timeout, this.#now] = [interval, timeout, now]
    this.since = this.movedAt = now()
  }

  beat(): void {
    this.movedAt = this.#now()
  }

  waits(by: 1 | -1): void {
    this.waiting += by
  }

  /** A step of a look at the source. */
  look<A, E, R>(step: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.suspend(() => {
      this.looks++
      this.beat()
      return Effect.ensuring(
        step,
        Effect.sync(() => {
          this.looks--
          // Somebody looked: what is tried again from now on says so itself.
          this.due = undefined
          this.beat()
        })
      )
    })
  }

  hear(event: RunEvent): void {
    this.beat()
    switch (event._tag) {
      case "RunStarted":
        this.due = undefined
        this.runs.set(event.run, undefined)
        break
      case "StageStarted":
        if (this.runs.has(event.run)) this.runs.set(event.run, event.stage)
        break
      case "StageFinished":
        if (this.runs.has(event.run)) this.runs.set(event.run, undefined)
        break
      case "RunEnded": {
        this.runs.delete(event.run)
        const { next } = event.details
        if (next !== undefined) this.due = this.movedAt + next.inMs
        break
      }
    }
  }
}

/** One Delivery that this process tends. */
export interface Vital {
  readonly namespace: string
  readonly name: string
  readonly status: () => DeliveryStatus
  readonly isSuspended: () => boolean
  /** Begins anew what is done about it, and tells why. */
  readonly restart: (why: string) => Effect.Effect<void>
  /** While it runs. */
  lane: LaneVitals | undefined
  /** Milliseconds since the epoch: when a run last ended well. */
  wellAt: number | undefined
}

/** The Deliveries that this process tends: what is told of them at a scrape, and what the watchdog looks at. */
export class VitalsBoard {
  readonly all = new Set<Vital>()

  /** Adds a Delivery until the scope closes; what was counted of it ends with it. */
  readonly join = (given: Omit<Vital, "lane" | "wellAt">): Effect.Effect<Vital, never, Scope.Scope> =>
    Effect.flatMap(Meter, ({ counted }) => {
      const vital: Vital = { ...given, lane: undefined, wellAt: undefined }
      const { name, namespace } = given
      const begun = Effect.sync(() => {
        this.all.add(vital)
        // From the start: of a series that begins with 1 nobody sees that it grew.
        for (const metric of [driftCorrections, driftFights, watchdogRestarts]) {
          counted.add(metric, { namespace, name }, 0)
        }
        return vital
      })
      const over = Effect.sync(() => {
        this.all.delete(vital)
        counted.forget(ofDeliveries, { namespace, name })
      })
      return Effect.andThen(atClose(over), begun)
    })
}

/** One board for the process, unless a test provides its own. */
export const Vitals = Context.Reference<VitalsBoard>("sluice/controller/Vitals", {
  defaultValue: () => new VitalsBoard()
})

/** Watches over a lane until the scope closes. */
export const watched = (
  vital: Vital,
  options: { readonly interval: number; readonly timeout: number }
): Effect.Effect<LaneVitals, never, Scope.Scope> =>
  Clock.clockWith((clock) => {
    const lane = new LaneVitals({ ...options, now: () => clock.currentTimeMillisUnsafe() })
    const over = Effect.sync(() => {
      if (vital.lane === lane) vital.lane = undefined
    })
    return Effect.andThen(atClose(over), Effect.sync(() => vital.lane = lane))
  })
