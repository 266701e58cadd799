import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { identity } from "effect/Function"
import type * as Scope from "effect/Scope"
import { milliseconds } from "../api/v1alpha1/Delivery.ts"
import { Apply } from "../apply/Apply.ts"
import { InventoryStore } from "../apply/InventoryStore.ts"
import type { Bundle } from "../domain/Decision.ts"
import type { Inventory } from "../domain/Inventory.ts"
import type { RunEvent } from "../domain/Outcome.ts"
import { deliveryValue } from "../domain/ownership.ts"
import { format, parse, type Revision } from "../domain/Revision.ts"
import type { DependencyNotReady, FetchError } from "../domain/StageError.ts"
import { Drift } from "../drift/Drift.ts"
import { Known } from "../kube/Known.ts"
import { Living } from "../kube/Living.ts"
import { Notify } from "../notify/Notify.ts"
import { footprintOf, isOutside } from "../pipeline/footprint.ts"
import { Guards } from "../pipeline/Guards.ts"
import type { Beside } from "../pipeline/Lane.ts"
import { pipeline, plan } from "../pipeline/Pipeline.ts"
import { Progress } from "../pipeline/Progress.ts"
import { refusedNow } from "../pipeline/refusedNow.ts"
import type { Why } from "../pipeline/Request.ts"
import { type Right, Rights } from "../pipeline/Rights.ts"
import type { Stages } from "../pipeline/Stages.ts"
import { treeOf } from "../pipeline/Tree.ts"
import { Watched } from "../pipeline/Watched.ts"
import { Pulse, silent } from "../telemetry/Pulse.ts"
import type { Decided } from "./decide.ts"
import { awaited } from "./dependencies.ts"
import { following } from "./following.ts"
import { freed } from "./freed.ts"
import { guardsNow } from "./guards.ts"
import { hooked } from "./hooked.ts"
import { keep } from "./keep.ts"
import { Places } from "./Places.ts"
import type { LiveDelivery, Registry } from "./Registry.ts"
import { secretsChange, secretsOf } from "./secretsChange.ts"
import { tellDrift } from "./tellDrift.ts"
import { type Vital, watched } from "./Vitals.ts"

/** Who hears of what is done for a Delivery, and who wakes it. */
export interface Station {
  /** `<namespace>/<name>`. */
  readonly id: string
  readonly registry: Registry
  /** Where it says that it moves. */
  readonly vital: Vital
  /** Why it begins: "policy", where it has run and others judge it by now. */
  readonly why: Why
  readonly hear: (event: RunEvent) => Effect.Effect<void>
  /** What it owns, at the start and after each change. */
  readonly owns: (inventory: Inventory) => Effect.Effect<void>
  /** The kinds that can only be looked at now and then. */
  readonly polls: (kinds: ReadonlyArray<string>) => Effect.Effect<void>
  /** Told when a run begins; and when it has written what it writes, with what is owned since. */
  readonly writes: (inventory: Inventory | undefined) => Effect.Effect<void>
  /**
   * Hands over what wakes the lane; `refresh` asks the source first, `head` is what it said last, `waits` what the run has
   * to wait for.
   */
  readonly wakes: (lane: {
    readonly wake: (why: Why) => Effect.Effect<void>
    readonly refresh: Effect.Effect<void>
    readonly head: Effect.Effect<Revision, FetchError>
    readonly waits: () => DependencyNotReady | undefined
  }) => Effect.Effect<void, never, Scope.Scope>
  /** Told what the run that begins is judged by. */
  readonly judges: (bundles: ReadonlyArray<Pick<Bundle, "digest" | "name">>) => void
  /** Starts everything about this Delivery anew. */
  readonly again: Effect.Effect<void>
}

/** Where a Delivery's source is; of an inherited one as its status tells. */
export const urlOf = ({ resource, status }: LiveDelivery): string | undefined =>
  resource.spec.source?.git.url ?? status.source?.url

/** As who owns the source: another Delivery, where it is inherited. */
type AsOwner = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
type Runs = Decided & { readonly _tag: "Runs" }

/** Runs one Delivery: its source followed, its objects watched, its loop fed, until it is interrupted. */
export const deliver = Effect.fnUntraced(function*(station: Station, runs: Runs) {
  const { delivery, source } = runs
  const rights = yield* Rights
  const own = rights.of(delivery.metadata, runs.identity)
  const isOwn = source.name === delivery.metadata.name && source.namespace === delivery.metadata.namespace
  const asOwner: AsOwner = isOwn ? identity : Effect.provide(rights.of(source, source.identity))
  return yield* Effect.provide(delivering(station, runs, own, asOwner), own)
})

/** The same, with the rights at hand: each context that somebody keeps is two kilobytes, and so all share one. */
const delivering = Effect.fnUntraced(function*(
  station: Station,
  { delivery, source }: Runs,
  own: Context.Context<Right>,
  asOwner: AsOwner
) {
  const [apply, drifts, inventories, notify] = [yield* Apply, yield* Drift, yield* InventoryStore, yield* Notify]
  const { id, registry } = station
  const { apply: { allowManagers, timeout }, source: { git, interval, webhook } } = delivery.spec
  const lane = yield* watched(station.vital, { interval: milliseconds(interval), timeout: milliseconds(timeout) })
  /** What was asked for before there was a lane. */
  const early = new Set<Why>()
  let ask: Beside["ask"] = (why) => Effect.sync(() => void early.add(why))
  const wake = (why: Why) => Effect.suspend(() => ask(why))
  const notifiers = Effect.sync(() => registry.notifiersIn(delivery.metadata.namespace))

  const { followed, known, refresh } = yield* asOwner(following(delivery, wake))
  const head = lane.look(Effect.flatMap(followed, ({ head }) => head))
  lane.source = known
  // What the last run wanted: the dependencies of a revision may have to be on it too.
  let desired = { revision: "", url: delivery.spec.source.git.url }
  const waits = () => {
    const live = registry.get(id)
    return live && awaited(registry, live, desired, urlOf)
  }
  yield* station.wakes({ wake, refresh, head, waits })
  const secrets = { namespace: source.namespace, names: secretsOf(delivery.spec.source), interval }
  yield* asOwner(secretsChange(secrets, station.again))
  const { name, namespace } = delivery.metadata
  yield* asOwner(hooked({ namespace, name, url: git.url, secret: webhook?.secretRef.name }))

  const label = deliveryValue(delivery.metadata)
  const drift = yield* drifts.watch({ label, allowManagers, interval: milliseconds(interval) })
  const { owns, polls } = station
  const guards = { current: guardsNow(registry, id) }
  const refused = yield* refusedNow(guards)
  const all = yield* Effect.context<Right | Stages>()
  // What a lane is given beside, once it is there.
  let beside: Context.Context<never> = Context.empty()
  const stood = Effect.suspend(() => Effect.provide(before, Context.merge(all, beside)))
  const kept = yield* keep({
    delivery,
    drift,
    owns,
    polls,
    refused,
    stood
  })
  const { rejudge, unsettled, watched: keeping } = kept

  // What the last tree was read from: of a revision that touches none of it nothing has to be read.
  let footprint: ReadonlySet<string> | undefined
  const tree = (revision: Revision) =>
    Effect.gen(function*() {
      const artifact = yield* (yield* followed).fetch(revision)
      const read = yield* treeOf(delivery, artifact)
      footprint = footprintOf(delivery, read)
      station.judges(read.policies.bundles)
      return read
    })
  /** What the last revision that was applied left there, read anew: after a restart the newest one may be broken. */
  const before = Effect.gen(function*() {
    const { applied } = yield* inventories.load
    const revision = applied && parse(applied.revision)
    if (revision === undefined) return undefined
    const read = yield* treeOf(delivery, yield* (yield* followed).fetch(revision))
    const planned = yield* plan(delivery, read, { why: "drift", dryRun: false })
    return planned._tag === "Admitted"
      ? { bytes: apply.standing(planned.changeset), policies: read.policies, gate: planned.heals }
      : undefined
  }).pipe(Effect.scoped, Effect.provideService(Progress, Progress.silent))
  const untouched = (earlier: Revision, later: Revision) =>
    Effect.gen(function*() {
      const known = footprint
      if (known === undefined) return false
      const artifact = yield* (yield* followed).fetch(later)
      const changed = yield* artifact.changedSince?.(earlier) ?? Effect.succeed(undefined)
      return changed !== undefined && isOutside(known, changed)
    }).pipe(Effect.scoped)

  const commit = (revision: Revision) =>
    Effect.gen(function*() {
      return (yield* (yield* followed).fetch(revision)).commit
    }).pipe(Effect.scoped)

  yield* notify.resume(delivery, yield* notifiers)
  yield* wake(station.why)
  const written = Effect.flatMap(inventories.load, station.writes).pipe(Effect.ignore, Effect.provide(own))
  const scope = yield* Effect.scope
  /** Waits until somebody lets go of what this one wants. */
  let contest: Fiber.Fiber<void> | undefined
  const heard = (event: RunEvent) =>
    Effect.gen(function*() {
      yield* station.hear(event)
      if (event._tag === "RunStarted") yield* station.writes(undefined)
      // Also of what a run that failed has written.
      else if (event._tag === "RunEnded") yield* written
      const error = event._tag === "RunEnded" && event.outcome._tag === "Failed" ? event.outcome.error : undefined
      if (event._tag === "RunEnded" && contest !== undefined) yield* Fiber.interrupt(contest)
      if (error !== undefined) yield* unsettled("reported", `the newest revision comes to nothing: ${error.message}`)
      if (error?._tag === "ApplyConflict") {
        contest = yield* Effect.forkIn(Effect.andThen(freed(error, registry), wake("freed")), scope)
      }
      if (event._tag === "DriftFound") yield* tellDrift(delivery, yield* notifiers, event.findings)
    })
  const places = yield* Places
  /** A rollout is waited for without one. */
  let givePlace: Effect.Effect<void> = Effect.void
  const loop = pipeline({
    delivery,
    notifiers,
    head,
    tree: (revision) => lane.look(places.reads.during(tree(revision))),
    untouched: (earlier, later) => lane.look(places.looks.during(untouched(earlier, later))),
    commit,
    hear: heard,
    beside: (lane) => {
      ask = (why) => Effect.andThen(why === "policy" ? rejudge : Effect.void, lane.ask(why))
      // What is healed beside its runs does not say that they move.
      const fork = (work: Effect.Effect<void>) => lane.fork(Effect.provideService(work, Pulse, silent))
      const healing = Effect.provideService(kept.beside({ ...lane, fork }), Pulse, silent)
      return Effect.andThen(Effect.forEach(early, ask, { discard: true }), healing)
    },
    ready: ({ artifact }) =>
      Effect.suspend(() => {
        desired = { ...desired, revision: format(artifact.revision) }
        const awaited = waits()
        return awaited === undefined
          ? Effect.map(places.runs.take, (give) => void (givePlace = give))
          : Effect.fail(awaited)
      })
  })
  const services = Context.make(Watched, {
    ...keeping,
    applied: (...all) => Effect.all([givePlace, keeping.applied(...all), written], { discard: true })
  }).pipe(
    Context.add(Pulse, lane),
    Context.add(Guards, guards),
    Context.add(Known, drift.seen),
    Context.add(Living, (label) => registry.isLiving(label))
  )
  beside = services
  return yield* Effect.provide(loop, services)
})
