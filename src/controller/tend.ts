import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import type { RunEvent } from "../domain/Outcome.ts"
import { fluxRequestAnnotation } from "../domain/ownership.ts"
import { DeliveryWriter } from "../kube/DeliveryWriter.ts"
import type { Why } from "../pipeline/Request.ts"
import type { Decided } from "./decide.ts"
import { deliver, urlOf } from "./deliver.ts"
import { depart } from "./depart.ts"
import { awaited } from "./dependencies.ts"
import { finalizer } from "./finalize.ts"
import { Noted } from "./Happening.ts"
import { logLine } from "./logLine.ts"
import { observe } from "./observe.ts"
import { idOf, isWellFormed, type LiveDelivery, type MalformedDelivery, type Registry } from "./Registry.ts"
import { Requests } from "./requests.ts"
import * as Voice from "./Voice.ts"

/** What tends one Delivery is given. */
export interface Charge {
  /** As it was when this began. */
  readonly live: LiveDelivery | MalformedDelivery
  readonly registry: Registry
  /** What is to be done about it, now and after each change. */
  readonly decided: SubscriptionRef.SubscriptionRef<Decided>
  /** Told each time that the object is seen. */
  readonly seen: Stream.Stream<LiveDelivery | MalformedDelivery>
  /** Thinks again about these Deliveries. */
  readonly concern: (ids: Iterable<string>) => Effect.Effect<void>
  /** Who writes Events: the name of this process. */
  readonly instance: string
}

/** How long before a Delivery begins anew that ended by a mistake of ours. */
const pause = "10 seconds"

/** How a lane is woken, while there is one. */
interface Lane {
  readonly wake: (why: Why) => Effect.Effect<void>
  readonly refresh: Effect.Effect<void>
}

/**
 * Does what is decided about one Delivery for as long as it is there: the newest decision ends what the one before began,
 * at a safe point. It says in status and Events what happens.
 */
export const tend = Effect.fnUntraced(function*(charge: Charge) {
  const { concern, decided, instance, live, registry } = charge
  const { name, namespace, uid } = live
  const id = idOf(live)
  const writer = yield* DeliveryWriter
  const voice = yield* Voice.make({ namespace, name, uid }, live.status, instance)
  const requests = new Requests(live.status.lastHandledReconcileAt)
  requests.take(live)
  let lane: Lane | undefined

  const current = () => registry.deliveries.get(id) ?? live
  const facts = (given: LiveDelivery | MalformedDelivery) => ({
    generation: given.generation,
    waits: isWellFormed(given) ? given.resource.spec.apply.wait : true
  })

  /** Stamps what others rely on: that we see it go, and the annotation that GitLab's button replaces. */
  const settle = Effect.gen(function*() {
    const now = current()
    const stamped = isWellFormed(now) && now.resource.metadata.annotations?.[fluxRequestAnnotation] !== undefined
    if (now.finalizers.includes(finalizer) && stamped) return
    const stamp = DateTime.formatIso(yield* DateTime.now)
    if (!stamped) requests.stamp(stamp)
    yield* writer.patchMetadata({ namespace, name, uid }, {
      ...stamped ? {} : { annotations: { [fluxRequestAnnotation]: stamp } },
      ...now.finalizers.includes(finalizer)
        ? {}
        : { finalizers: { values: [...now.finalizers, finalizer], resourceVersion: now.resourceVersion } }
    })
  })

  const hear = (given: LiveDelivery | MalformedDelivery) =>
    Effect.fnUntraced(function*(event: RunEvent) {
      const line = logLine(event)
      if (line !== undefined) {
        yield* Effect.annotateLogs(Effect.logWithLevel(line.level)(line.text), { delivery: id, run: event.run })
      }
      if (event._tag === "DriftFound") {
        return yield* Effect.forEach(
          event.findings,
          (finding) => voice.say(Noted.Drifted({ ...finding, time: finding.time }), facts(given)),
          { discard: true }
        )
      }
      const isAnswer = event._tag === "RunEnded" && event.outcome._tag !== "Interrupted"
      const { asked } = requests
      const answer = isAnswer && asked !== undefined ? { requestedAt: asked } : {}
      yield* voice.say(event, { ...facts(given), ...answer })
      // A first failure that may pass in seconds is told nowhere: what comes after it is the answer.
      const isTold = asked !== undefined && (yield* voice.status).lastHandledReconcileAt === asked
      if (isTold && requests.asked === asked) requests.answered()
    })

  /** Somebody asks by an annotation, or what this one waited for has come. */
  const notice = Effect.fnUntraced(function*(now: LiveDelivery | MalformedDelivery) {
    if (requests.take(now) && lane !== undefined) {
      const { refresh, wake } = lane
      yield* Effect.andThen(refresh, wake("manual"))
    }
    const status = yield* voice.status
    const waits = status.conditions?.find(({ type }) => type === "Ready")?.reason === "DependencyNotReady"
    if (!waits || lane === undefined || !isWellFormed(now)) return
    const desired = { revision: status.lastAttemptedRevision ?? "", url: status.source?.url ?? "" }
    if (awaited(registry, now, desired, urlOf) === undefined) yield* lane.wake("dependency")
  })

  const act = (now: Decided) =>
    Effect.gen(function*() {
      const given = current()
      switch (now._tag) {
        case "Refused": {
          yield* voice.say(
            isWellFormed(given) ? Noted.Held({ error: now.error }) : Noted.Invalid({ problems: given.problems }),
            facts(given)
          )
          const { asked } = requests
          if (asked !== undefined) yield* voice.say(Noted.ReconcileHandled({ value: asked }), facts(given))
          return requests.answered()
        }
        case "Suspended":
          yield* voice.say(Noted.Suspended(now.delivery.spec.suspension ?? {}), facts(given))
          yield* Effect.forkScoped(observe(now, hear(given)))
          return yield* whenOver(now.delivery, concern([id]))
        case "Leaves":
          return yield* depart(now, registry, voice.tell)
        case "Runs":
          yield* settle
          return yield* deliver({
            id,
            registry,
            hear: hear(given),
            owns: Effect.fnUntraced(function*({ entries }, kinds) {
              if (registry.adopt(id, entries)) yield* concern(registry.inheritorsOf(given))
              yield* voice.say(Noted.Inventoried({ entries }), facts(given))
              yield* voice.say(Noted.Polled({ kinds }), facts(given))
            }),
            wakes: (given) =>
              Effect.acquireRelease(
                Effect.sync(() => lane = given),
                () => Effect.sync(() => lane = lane === given ? undefined : lane)
              ),
            again: SubscriptionRef.update(decided, (decision) => ({ ...decision }))
          }, now)
      }
    })

  const insist = (now: Decided) =>
    Effect.scoped(act(now)).pipe(
      // Nothing is expected to fail here; what does must not end the lane of this Delivery for good.
      Effect.catchCause((cause) =>
        Cause.hasInterruptsOnly(cause)
          ? Effect.failCause(cause)
          : Effect.andThen(
            Effect.logError(`${id} starts again: this is a mistake in Sluice`, cause),
            Effect.sleep(pause)
          )
            .pipe(Effect.andThen(SubscriptionRef.update(decided, (decision) => ({ ...decision }))))
      )
    )
  const acts = SubscriptionRef.changes(decided).pipe(
    Stream.switchMap((now) => Stream.fromEffectDrain(insist(now))),
    Stream.runDrain
  )
  return yield* Effect.raceFirst(acts, Stream.runForEach(charge.seen, notice))
}, Effect.scoped)

/** Waits for the end of a suspension, if it has one, and then thinks again. */
const whenOver = Effect.fnUntraced(function*({ spec }: Delivery, then: Effect.Effect<void>) {
  const until = Date.parse(spec.suspension?.until ?? "")
  if (Number.isNaN(until)) return
  yield* Effect.sleep(Math.max(0, until - (yield* Clock.currentTimeMillis)))
  yield* then
})
