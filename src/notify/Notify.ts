import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { type Delivery, nameOf } from "../api/v1alpha1/Delivery.ts"
import type { Notifier } from "../api/v1alpha1/Notifier.ts"
import type { DriftTold } from "../domain/DriftReport.ts"
import type { Outcome, Run } from "../domain/Outcome.ts"
import { oneLine } from "../domain/plainText.ts"
import { Redactions } from "../domain/redact.ts"
import { withoutCredentials } from "../domain/repositoryAddress.ts"
import type { KubeStatus } from "../kube/KubeStatus.ts"
import type { Secrets } from "../kube/Secrets.ts"
import { count } from "../telemetry/Meter.ts"
import { notifications } from "../telemetry/metrics.ts"
import * as Courier from "./Courier.ts"
import * as Digest from "./driftDigest.ts"
import { ofSaying } from "./DriftMessage.ts"
import * as Gather from "./Gather.ts"
import type { Keeper } from "./Keeper.ts"
import { ofOutcome } from "./Message.ts"
import * as Outbox from "./outbox.ts"
import * as Pace from "./Pace.ts"
import { layerHttp } from "./post.ts"
import type { SendFailed } from "./SendFailed.ts"
import { destinationOf, kinds } from "./sink.ts"
import { besides, own, subscribed } from "./subscribers.ts"
import { transition } from "./transition.ts"

export interface Options {
  /** The cluster's name in messages. */
  readonly cluster?: string | undefined
  /** Whether a notifier may name a loopback address: right for a person's own machine, wrong for an agent with tenants. */
  readonly allowLoopback?: boolean | undefined
  /** The least time between two messages to one sink, in milliseconds: 1,000 unless given. */
  readonly interval?: number | undefined
  /** How long `flush` waits, in milliseconds, before it leaves the rest to the next process: 15,000 unless given. */
  readonly patience?: number | undefined
  /**
   * How long a chat's message about a passing failure waits for other deliveries that fail for the same reason, in
   * milliseconds; more than three become one message. Unless given, each is told by itself at once.
   */
  readonly gather?: number | undefined
  /** Returns when this process may tell people something: at once, unless given. */
  readonly mayTell?: Effect.Effect<void> | undefined
}

/** The notify stage: tells people of transitions, at least once, and can fail no run. */
export class Notify extends Context.Service<Notify, {
  /**
   * Records what has to be told of an outcome, before anything is sent. No transition since the last one told: nothing.
   * The messages go out in the background of the layer, with the services given here; `flush` waits for them.
   */
  readonly tell: (
    delivery: Delivery,
    notifiers: ReadonlyArray<Notifier>,
    run: Run,
    outcome: Outcome
  ) => Effect.Effect<void, never, KubeStatus | Secrets>
  /**
   * Holds what was seen of a delivery's drift, and tells it as one message: 10 seconds after the first change; while the
   * drift goes on, ever more seldom. A fight is told when it begins, every hour, and when it is over. Returns at once.
   */
  readonly tellDrift: (
    delivery: Delivery,
    notifiers: ReadonlyArray<Notifier>,
    drift: DriftTold
  ) => Effect.Effect<void, never, KubeStatus | Secrets>
  /** Sends what an earlier process recorded and could not send, under the same message ids. */
  readonly resume: (
    delivery: Delivery,
    notifiers: ReadonlyArray<Notifier>
  ) => Effect.Effect<void, never, KubeStatus | Secrets>
  /** The notifiers as they are now: what waits for one that was mended is tried at once. */
  readonly update: (
    delivery: Pick<Delivery, "metadata">,
    notifiers: ReadonlyArray<Notifier>
  ) => Effect.Effect<void>
  /** Whether a notifier could send, as far as its Secret tells; nothing is sent. */
  readonly examine: (notifier: Notifier) => Effect.Effect<void, SendFailed, Secrets>
  /** Takes part until the scope closes: who calls `update` whenever a notifier may have been mended. */
  readonly join: (keeper: Keeper) => Effect.Effect<void, never, Scope.Scope>
  /** Tells nothing more of a delivery that is gone. Returns when nothing of it runs; what is recorded is left alone. */
  readonly forget: (delivery: Pick<Delivery, "metadata">) => Effect.Effect<void>
  /**
   * Leaves a delivery to another process: saves what is known of it, lets a message that is on its way arrive, and tells
   * nothing more. Returns when nothing of it runs; what is recorded is for the other to tell.
   */
  readonly leave: (delivery: string) => Effect.Effect<void>
  /** Returns when nothing is left to send, or everything left has been given up for this process. */
  readonly flush: Effect.Effect<void>
}>()("sluice/notify/Notify") {
  /** With a client of its own, which reaches no address that a tenant may not name. */
  static readonly layer = (options: Options = {}) =>
    Notify.layerNoDeps(options).pipe(
      Layer.provide(layerHttp({ allowLoopback: options.allowLoopback ?? false }))
    )

  static readonly layerNoDeps = (options: Options = {}) => Layer.effect(Notify, make(options))
}

const make = Effect.fnUntraced(function*(options: Options) {
  const client = yield* Effect.context<HttpClient.HttpClient>()
  const redactions = yield* Redactions
  const fibers = yield* FiberSet.make()
  const rounds = yield* FiberSet.make()
  const { hold, turn } = Pace.make(options.interval ?? 1_000)
  const allowLoopback = options.allowLoopback ?? false
  const mayTell = options.mayTell ?? Effect.void
  const pace: Pace.Pace = { hold, turn: (sink) => Effect.andThen(turn(sink), mayTell) }
  const gather = options.gather === undefined ? undefined : Gather.make(options.gather)
  const couriers = new Map<string, Courier.Courier>()
  let keeper: Keeper | undefined
  // From the start: of a series that begins with 1 nobody sees that it grew.
  for (const sink of kinds) {
    for (const outcome of ["sent", "retried", "dropped"]) yield* count(notifications, { sink, outcome }, 0)
  }

  const courierOf = (delivery: string): Courier.Courier => {
    const known = couriers.get(delivery)
    if (known !== undefined) return known
    const courier = Courier.make({
      delivery,
      pace,
      gather,
      allowLoopback,
      keeper: () => keeper,
      client,
      fibers,
      rounds
    })
    couriers.set(delivery, courier)
    return courier
  }

  const redact = (text: string) => redactions.redact(text)
  const clean = (text: string) => oneLine(redact(text), 300)

  const isMalformed = (delivery: Delivery) => (name: string): boolean =>
    keeper?.isMalformed(besides(nameOf(delivery), name)) === true

  const rightsOf = (delivery: Delivery, notifiers: ReadonlyArray<Notifier>) =>
    Effect.map(Effect.context<KubeStatus | Secrets>(), (context): Courier.Rights => {
      const wanted = subscribed(delivery, "drift")
      return {
        context,
        notifiers: own(delivery, notifiers),
        speak: (outbox, existing, now) => {
          const [digest, sayings] = Digest.say(Outbox.driftOf(outbox), now)
          if (sayings.length === 0) return outbox
          const about = { digest, delivery: nameOf(delivery), cluster: options.cluster, time: now }
          const there = new Set(existing.map(({ metadata }) => metadata.name))
          const names = wanted.filter((name) => there.has(name) || isMalformed(delivery)(name))
          return Outbox.tellDrift(outbox, digest, sayings.map((saying) => ofSaying({ ...about, saying })), names)
        }
      }
    })

  const warnOf = (delivery: Delivery, missing: Iterable<string>, notifiers: ReadonlyArray<Notifier>) =>
    Effect.forEach(missing, (name) => {
      if (isMalformed(delivery)(name)) {
        return Effect.logWarning(
          `${nameOf(delivery)} wants to tell Notifier ${name}, which is malformed: its status says what to mend, and ` +
            "then it is told"
        )
      }
      const names = notifiers.map(({ metadata }) => metadata.name)
      return Effect.logWarning(
        `${nameOf(delivery)} wants to tell Notifier ${name}, which is not in its namespace; there ${
          names.length === 0 ? "are none" : `are ${names.join(", ")}`
        }`
      )
    }, { discard: true })

  const tell = Effect.fn("notify")(function*(
    delivery: Delivery,
    notifiers: ReadonlyArray<Notifier>,
    run: Run,
    outcome: Outcome
  ) {
    if (delivery.spec.notify.length === 0 || outcome._tag === "Interrupted") return
    const courier = courierOf(nameOf(delivery))
    const recorded = courier.recorded()
    if (recorded !== undefined && transition(outcome, run.revision, recorded.told, run.previous) === undefined) return

    const rights = yield* rightsOf(delivery, notifiers)
    const names = new Set(rights.notifiers.map(({ metadata }) => metadata.name))
    const missing = new Set<string>()
    const change = (outbox: Outbox.Outbox): Outbox.Outbox => {
      const happened = transition(outcome, run.revision, outbox.told, run.previous)
      if (happened === undefined) return outbox
      const { state } = happened
      const wanted = subscribed(delivery, state)
      for (const name of wanted) if (!names.has(name)) missing.add(name)
      const waits = delivery.spec.apply.wait
      const message = ofOutcome({ state, outcome, run, waits, cluster: options.cluster, redact })
      const there = wanted.filter((name) => names.has(name) || isMalformed(delivery)(name))
      return Outbox.tell(outbox, happened, message, there)
    }
    yield* courier.record(rights, change)
    yield* warnOf(delivery, missing, rights.notifiers)
  })

  const tellDrift = Effect.fnUntraced(function*(
    delivery: Delivery,
    notifiers: ReadonlyArray<Notifier>,
    drift: DriftTold
  ) {
    if (drift.findings.length === 0 || subscribed(delivery, "drift").length === 0) return
    const rights = yield* rightsOf(delivery, notifiers)
    const told = { ...drift, url: oneLine(redact(withoutCredentials(drift.url)), 1_000) }
    yield* courierOf(nameOf(delivery)).note(rights, (outbox) => ({
      ...outbox,
      drift: Digest.take(Outbox.driftOf(outbox), told, clean)
    }))
  })

  const resume = Effect.fn("notify.resume")(function*(delivery: Delivery, notifiers: ReadonlyArray<Notifier>) {
    if (delivery.spec.notify.length === 0) return
    yield* courierOf(nameOf(delivery)).resume(yield* rightsOf(delivery, notifiers))
  })

  const update = (delivery: Pick<Delivery, "metadata">, notifiers: ReadonlyArray<Notifier>) =>
    Effect.suspend(() => couriers.get(nameOf(delivery))?.update(own(delivery, notifiers)) ?? Effect.void)

  const examine = (notifier: Notifier) =>
    destinationOf(notifier, allowLoopback).pipe(Effect.asVoid, Effect.provideService(Redactions, redactions))

  const join = (given: Keeper) =>
    Effect.asVoid(Effect.acquireRelease(
      Effect.sync(() => keeper = given),
      () => Effect.sync(() => keeper = keeper === given ? undefined : keeper)
    ))

  const forget = (delivery: Pick<Delivery, "metadata">) =>
    Effect.suspend(() => {
      const courier = couriers.get(nameOf(delivery))
      couriers.delete(nameOf(delivery))
      return courier?.end ?? Effect.void
    })

  const leave = (delivery: string) =>
    Effect.suspend(() => {
      const courier = couriers.get(delivery)
      couriers.delete(delivery)
      return courier?.leave ?? Effect.void
    })

  const flush = Effect.suspend(() => Effect.forEach([...couriers.values()], ({ settle }) => settle, { discard: true }))
    .pipe(
      Effect.andThen(FiberSet.awaitEmpty(fibers)),
      Effect.timeoutOrElse({
        duration: options.patience ?? 15_000,
        orElse: () => Effect.logWarning("some messages could not be sent in time; the next run sends them")
      })
    )

  return Notify.of({ tell, tellDrift, resume, update, examine, join, forget, leave, flush })
})
