import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import { type Delivery, nameOf } from "../api/v1alpha1/Delivery.ts"
import type { Notifier } from "../api/v1alpha1/Notifier.ts"
import type { Outcome, Run } from "../domain/Outcome.ts"
import { Redactions } from "../domain/redact.ts"
import type { KubeStatus } from "../kube/KubeStatus.ts"
import type { Secrets } from "../kube/Secrets.ts"
import * as Courier from "./Courier.ts"
import { ofOutcome } from "./Message.ts"
import * as Outbox from "./outbox.ts"
import * as Pace from "./Pace.ts"
import { layerHttp } from "./post.ts"
import { type State, subscriptions, transition } from "./transition.ts"

export interface Options {
  /** The cluster's name in messages. */
  readonly cluster?: string | undefined
  /** Whether a notifier may name a loopback address: right for a person's own machine, wrong for an agent with tenants. */
  readonly allowLoopback?: boolean | undefined
  /** The least time between two messages to one sink, in milliseconds: 1,000 unless given. */
  readonly interval?: number | undefined
  /** How long `flush` waits, in milliseconds, before it leaves the rest to the next process: 15,000 unless given. */
  readonly patience?: number | undefined
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
  /** Sends what an earlier process recorded and could not send, under the same message ids. */
  readonly resume: (
    delivery: Delivery,
    notifiers: ReadonlyArray<Notifier>
  ) => Effect.Effect<void, never, KubeStatus | Secrets>
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

/** The notifiers of a delivery's own namespace; no other may be used. */
const own = (delivery: Delivery, notifiers: ReadonlyArray<Notifier>) =>
  notifiers.filter(({ metadata }) => metadata.namespace === delivery.metadata.namespace)

/** The names of the notifiers that a delivery wants to be told of a state, whether they exist or not. */
const subscribed = (delivery: Delivery, state: State): ReadonlyArray<string> => {
  const words = subscriptions(state)
  const wanted = delivery.spec.notify.filter(({ on }) => words.some((word) => on.some((other) => other === word)))
  return [...new Set(wanted.map(({ name }) => name))]
}

const make = Effect.fnUntraced(function*(options: Options) {
  const client = yield* Effect.context<HttpClient.HttpClient>()
  const redactions = yield* Redactions
  const fibers = yield* FiberSet.make()
  const pace = Pace.make(options.interval ?? 1_000)
  const couriers = new Map<string, Courier.Courier>()

  const courierOf = (delivery: string): Courier.Courier => {
    const known = couriers.get(delivery)
    if (known !== undefined) return known
    const courier = Courier.make({ delivery, pace, allowLoopback: options.allowLoopback ?? false, client, fibers })
    couriers.set(delivery, courier)
    return courier
  }

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

    const existing = own(delivery, notifiers)
    const names = existing.map(({ metadata }) => metadata.name)
    const missing: Array<string> = []
    const change = (outbox: Outbox.Outbox): Outbox.Outbox => {
      const happened = transition(outcome, run.revision, outbox.told, run.previous)
      if (happened === undefined) return outbox
      const { state } = happened
      const wanted = subscribed(delivery, state)
      missing.push(...wanted.filter((name) => !names.includes(name)))
      const message = ofOutcome({
        state,
        outcome,
        run,
        waits: delivery.spec.apply.wait,
        cluster: options.cluster,
        redact: (text) => redactions.redact(text)
      })
      return Outbox.tell(outbox, happened, message, wanted.filter((name) => names.includes(name)))
    }
    const context = yield* Effect.context<KubeStatus | Secrets>()
    yield* courier.record({ context, notifiers: existing }, change)
    for (const name of missing) {
      yield* Effect.logWarning(
        `${nameOf(delivery)} wants to tell Notifier ${name}, which is not in its namespace; there ${
          names.length === 0 ? "are none" : `are ${names.join(", ")}`
        }`
      )
    }
  })

  const resume = Effect.fn("notify.resume")(function*(delivery: Delivery, notifiers: ReadonlyArray<Notifier>) {
    if (delivery.spec.notify.length === 0) return
    const context = yield* Effect.context<KubeStatus | Secrets>()
    yield* courierOf(nameOf(delivery)).resume({ context, notifiers: own(delivery, notifiers) })
  })

  const flush = FiberSet.awaitEmpty(fibers).pipe(
    Effect.timeoutOrElse({
      duration: options.patience ?? 15_000,
      orElse: () => Effect.logWarning("some messages could not be sent in time; the next run sends them")
    })
  )

  return Notify.of({ tell, resume, flush })
})
