import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Ulid from "../domain/Ulid.ts"
import { uptimeOf } from "../domain/uptime.ts"
import type { LeaseFence } from "../kube/Fence.ts"
import { Leases } from "../kube/Leases.ts"
import { collect } from "../telemetry/Meter.ts"
import * as metrics from "../telemetry/metrics.ts"
import { follow } from "./follow.ts"
import { OwnLease } from "./OwnLease.ts"
import type { Place } from "./Place.ts"
import { makeRounds, type Usurped } from "./rounds.ts"
import { isIn, nothing } from "./Share.ts"
import { Sightings } from "./Sightings.ts"
import type { Hands, Standing } from "./Standing.ts"

export interface MembersOptions {
  /** The name of this replica. */
  readonly instance: string
  readonly place: Place
  /** Where the Leases are. */
  readonly namespace: string
  /** Milliseconds, whole seconds. */
  readonly duration: number
  readonly fence: LeaseFence
}

/**
 * Which replicas there are, and what this one tends: it holds a Lease that says among whom it shares the work. Nothing is
 * tended by two at once that may change the cluster.
 */
export class Members extends Context.Service<Members, {
  readonly instance: string
  /** Whether this replica tends it now: `<namespace>/<name>` of a Delivery, `bundle/<name>`. */
  readonly tends: (key: string) => boolean
  /** `host:port` of the others' webhooks. */
  readonly peers: () => ReadonlyArray<string>
  /** Whether there have been others since this one began. */
  readonly isShared: () => boolean
  /** Takes part, with what others may reach; returns once it does. What is tended ends with the scope, the Lease after it. */
  readonly join: (hands: Hands, address: string | undefined) => Effect.Effect<void, never, Scope.Scope>
  /** Fails where another process holds the Lease. */
  readonly ended: Effect.Effect<never, Usurped>
}>()("sluice/members/Members") {
  static readonly layer = (options: MembersOptions): Layer.Layer<Members, never, Leases> =>
    Layer.effect(Members, make(options))

  /** One that shares its work with nobody: it tends all. */
  static readonly alone: Layer.Layer<Members> = Layer.succeed(Members, {
    instance: "alone",
    tends: () => true,
    peers: () => [],
    isShared: () => false,
    join: ({ moved }) => moved,
    ended: Effect.never
  })
}

/** How long before it takes part again after a mistake of ours. */
const pause = "10 seconds"

/** What an end waits for its Lease to go. */
const patience = "2 seconds"

const make = Effect.fnUntraced(function*({ duration, fence, instance, namespace, place }: MembersOptions) {
  const [leases, clock, scope] = [yield* Leases, yield* Clock.Clock, yield* Effect.scope]
  const process = yield* Ulid.make
  const own = new OwnLease(
    { instance, place, process, namespace, duration, fence },
    leases,
    clock
  )
  const standing: Standing = {
    own,
    // A third between two renewals, a half without an answer, a sixth until another who lives has tried again: one Lease.
    sightings: new Sightings(duration / 2),
    leases,
    clock,
    stirred: yield* Latch.make(false),
    joined: yield* Latch.make(false),
    share: nothing(instance),
    hands: undefined
  }
  const { sightings } = standing
  const ended = yield* Deferred.make<never, Usurped>()
  let hasBegun = false

  const living = () => {
    const now = uptimeOf(clock)
    return sightings.all().filter((lease) => lease.instance !== instance && !sightings.isExpired(lease.instance, now))
  }
  yield* collect((now) => {
    now.set(metrics.membersSeen, {}, living().length + (own.current === undefined ? 0 : 1))
    now.set(metrics.fenceOpen, {}, fence.left(clock) === undefined ? 0 : 1)
    now.set(metrics.deliveriesTended, {}, standing.hands?.count() ?? 0)
  })
  /** Nothing may be changed any more; what is tended ends before anything is again. */
  const drop = Effect.sync(() => {
    own.drop()
    standing.share = nothing(instance)
  })
  const usurped = (by: Usurped) =>
    drop.pipe(Effect.andThen(Effect.logError(by.message)), Effect.andThen(Deferred.fail(ended, by)))
  const crashed = (defect: unknown) =>
    drop.pipe(
      Effect.andThen(Effect.logError("this replica takes part anew: this is a mistake in Sluice", defect)),
      Effect.andThen(Effect.sleep(pause))
    )

  const begin = Effect.gen(function*() {
    yield* Effect.addFinalizer(() =>
      own.release.pipe(
        Effect.timeoutOption(patience),
        Effect.ignore({ log: "Debug", message: "the Lease was not given back: it expires" })
      )
    )
    const loops = Effect.all([makeRounds(standing), follow(standing)], { concurrency: "unbounded", discard: true })
    const tended = Effect.forever(Effect.catchDefect(loops, crashed))
    yield* Effect.forkScoped(Effect.catchTag(tended, "Usurped", usurped))
  }).pipe(Scope.provide(scope))

  return Members.of({
    instance,
    tends: (key) => isIn(standing.share, key),
    peers: () => living().flatMap(({ address }) => address ?? []),
    isShared: () => sightings.hadOthers(instance),
    join: Effect.fnUntraced(function*(hands, address) {
      own.address = address
      yield* Effect.acquireRelease(
        Effect.sync(() => standing.hands = hands),
        () =>
          Effect.sync(() => {
            ;[standing.hands, standing.share] = [undefined, nothing(instance)]
          })
      )
      if (!hasBegun) yield* begin
      hasBegun = true
      yield* standing.joined.await
    }),
    ended: Deferred.await(ended)
  })
})
