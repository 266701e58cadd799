import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import { InventoryStore } from "../apply/InventoryStore.ts"
import { atClose } from "../domain/atClose.ts"
import { empty, type Inventory } from "../domain/Inventory.ts"
import type { RunEvent } from "../domain/Outcome.ts"
import { finalizer, fluxRequestAnnotation, neverRequested } from "../domain/ownership.ts"
import { equals, type Revision } from "../domain/Revision.ts"
import type { StageError } from "../domain/StageError.ts"
import { DeliveryWriter } from "../kube/DeliveryWriter.ts"
import { Identity } from "../kube/Identity.ts"
import type { Why } from "../pipeline/Request.ts"
import { Rights } from "../pipeline/Rights.ts"
import * as absentNotifiers from "./absentNotifiers.ts"
import * as Account from "./Account.ts"
import type { Decided } from "./decide.ts"
import { deliver } from "./deliver.ts"
import { depart } from "./depart.ts"
import type { Facts } from "./Facts.ts"
import { guardsOf, printOf } from "./guards.ts"
import { Noted } from "./Happening.ts"
import { isBlip } from "./history.ts"
import { logLine } from "./logLine.ts"
import type { Newest } from "./Newest.ts"
import { observe } from "./observe.ts"
import * as Recorder from "./Recorder.ts"
import * as Refusal from "./Refusal.ts"
import { idOf, isWellFormed, type LiveDelivery, type MalformedDelivery, type Registry } from "./Registry.ts"
import { Requests } from "./requests.ts"
import * as Voice from "./Voice.ts"
import { whenOver } from "./whenOver.ts"

/** What tends one Delivery is given. */
export interface Charge {
  /** As it was when this began. */
  readonly live: LiveDelivery | MalformedDelivery
  readonly registry: Registry
  /** What is to be done about it, now and after each change; touched each time that the object is seen. */
  readonly decided: Newest<Decided>
  /** Thinks again about these Deliveries. */
  readonly concern: (ids: Iterable<string>) => Effect.Effect<void>
  /** Who writes Events: the name of this process. */
  readonly instance: string
}

/** How long before a Delivery begins anew that ended by a mistake of ours. */
const pause = "10 seconds"

/** How soon what is stamped on a Delivery is tried again. */
const settling = Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("10 seconds")])

/** How a lane is woken, while there is one. */
interface Lane {
  readonly wake: (why: Why) => Effect.Effect<void>
  readonly refresh: Effect.Effect<void>
  readonly head: Effect.Effect<Revision, StageError>
  readonly waits: () => StageError | undefined
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
  const recorder = yield* Recorder.make({ namespace, name, uid }, live.status)
  const refusal = yield* Refusal.make(id, registry, voice.status)
  const account = yield* Account.make({
    namespace,
    name,
    live: () => registry.deliveries.get(id) ?? live,
    restart: (message) =>
      Effect.andThen(
        voice.tell([{ type: "Warning", reason: "LaneRestarted", action: "restart", message }]),
        decided.again
      )
  })
  const requests = new Requests(live.status.lastHandledReconcileAt)
  requests.take(live)
  let lane: Lane | undefined
  /** What the lane was last told to be judged by, and what its last run was. */
  let guarded = ""
  let bundles: Facts["bundles"]
  /** By which guards its last tree was read, and whether guards have kept it from running since. */
  let judged: string | undefined
  let isBarred = false

  const current = () => registry.deliveries.get(id) ?? live
  const tellAbsent = yield* absentNotifiers.make(registry, current, voice.tell)
  const facts = (given: LiveDelivery | MalformedDelivery) => ({
    generation: given.generation,
    waits: isWellFormed(given) ? given.resource.spec.apply.wait : true,
    bundles
  })
  const print = (given: LiveDelivery | MalformedDelivery) => isWellFormed(given) ? printOf(given, registry) : ""

  /**
   * Stamps what others rely on: the annotation that GitLab's button replaces, and, before anything is written, that we see
   * it go.
   */
  const settle = (isHeld: boolean) =>
    Effect.suspend(() => {
      const now = current()
      const stamped = !isWellFormed(now) || now.resource.metadata.annotations?.[fluxRequestAnnotation] !== undefined
      const held = !isHeld || now.finalizers.includes(finalizer)
      return stamped && held ? Effect.void : writer.patchMetadata({ namespace, name, uid }, {
        ...stamped ? {} : { annotations: { [fluxRequestAnnotation]: neverRequested } },
        ...held ? {} : { finalizers: { values: [...now.finalizers, finalizer], resourceVersion: now.resourceVersion } }
      })
    }).pipe(
      // Somebody wrote since it was seen, or the cluster is out of reach: what it is by then counts.
      Effect.retry(($) =>
        $(settling).pipe(Schedule.while(({ input }) => input.status !== 404 && input.status !== 422))
      ),
      // Gone, or another by its name: that will be seen.
      Effect.catch(() => Effect.never)
    )

  const hear = (given: LiveDelivery | MalformedDelivery) => (event: RunEvent) =>
    Effect.gen(function*() {
      yield* recorder.hear(event)
      yield* account.hear(event)
      const line = logLine(event, (yield* voice.status).lastAppliedRevision)
      if (line !== undefined) yield* Effect.annotateLogs(Effect.logWithLevel(line.level)(line.text), line.about)
      if (event._tag === "DriftFound") {
        return yield* Effect.forEach(
          event.findings,
          (finding) => voice.say(Noted.Drifted({ ...finding, time: finding.time }), facts(given)),
          { discard: true }
        )
      }
      const answer = yield* answered(event)
      yield* voice.say(event, { ...facts(given), ...answer === undefined ? {} : { requestedAt: answer } })
      if (answer !== undefined) requests.answered(answer)
      // It may have come before this one said that it waits.
      if (event._tag === "RunEnded") yield* goOn
    })

  /** What was asked for, if this is the end of a run on what the source has said since. */
  const answered = (event: RunEvent) =>
    Effect.gen(function*() {
      const { due } = requests
      if (due === undefined || lane === undefined || event._tag !== "RunEnded") return undefined
      const { details: { next, revision }, outcome } = event
      if (outcome._tag === "Interrupted" || outcome._tag === "Failed" && isBlip(outcome.error, next)) return undefined
      const head = yield* Effect.result(lane.head)
      // That the source, or its newest revision, cannot be read ends no run: one that goes on is what counts.
      const isMeant = revision === undefined
        ? (yield* voice.status).stage === undefined
        : Result.isFailure(head) || equals(revision, head.success)
      return isMeant ? due : undefined
    })

  /** Has the source looked at for whoever asked by an annotation; where no run is possible, that is the answer. */
  const attend = Effect.gen(function*() {
    const { asked } = requests
    if (asked === undefined) return
    if (lane !== undefined) {
      const { refresh, wake } = lane
      yield* refresh
      requests.looked(asked)
      return yield* wake("manual")
    }
    if (decided.value._tag !== "Refused") return
    yield* voice.say(Noted.ReconcileHandled({ value: asked }), facts(current()))
    requests.answered(asked)
  })

  /** Somebody asks by an annotation, other policies judge it, or what this one waited for has come. */
  const notice = (now: LiveDelivery | MalformedDelivery) =>
    Effect.gen(function*() {
      voice.shown(now.status)
      if (requests.take(now)) yield* Effect.forkScoped(attend)
      yield* tellAbsent
      const guards = print(now)
      if (lane !== undefined && guards !== guarded) {
        guarded = guards
        yield* lane.wake("policy")
      }
      yield* goOn
    })

  /** Goes on if all has come that this one waited for. */
  const goOn = Effect.gen(function*() {
    const { conditions } = yield* voice.status
    const isWaiting = conditions?.find(({ type }) => type === "Ready")?.reason === "DependencyNotReady"
    if (isWaiting && lane !== undefined && lane.waits() === undefined) yield* lane.wake("dependency")
  })

  /** Notes what it owns: whether other Deliveries are among it. */
  const owns = ({ entries }: Pick<Inventory, "entries">) =>
    Effect.suspend(() => registry.adopt(id, entries) ? concern(registry.inheritorsOf(live)) : Effect.void)

  /** Reads what it owns, where nothing runs that would. What cannot be read is nothing that others may rely on. */
  const look = Effect.gen(function*() {
    const record = (yield* Rights).of({ namespace, name }, Identity.Self())
    const inventories = yield* InventoryStore
    yield* owns(yield* Effect.orElseSucceed(Effect.provide(inventories.load, record), () => empty))
  })

  const act = (now: Decided) =>
    Effect.gen(function*() {
      const given = current()
      switch (now._tag) {
        case "Refused": {
          isBarred ||= now.error._tag === "PolicyUnavailable"
          yield* voice.say(
            isWellFormed(given) ? Noted.Held({ error: now.error }) : Noted.Invalid({ problems: given.problems }),
            facts(given)
          )
          yield* refusal.noted(now.error)
          yield* look
          yield* attend
          const told = isWellFormed(given) ? refusal.told(given, now) : Effect.void
          return yield* Effect.all([settle(false), told], { concurrency: "unbounded", discard: true })
        }
        case "Awaits":
          isBarred ||= judged !== undefined && isWellFormed(given) && Result.isFailure(guardsOf(given, registry))
          return yield* look
        case "Suspended":
          yield* refusal.over // It goes on because somebody lets it.
          ;[judged, isBarred] = [undefined, false]
          yield* voice.say(Noted.Suspended(now.delivery.spec.suspension ?? {}), facts(given))
          yield* settle(false)
          yield* look
          yield* Effect.forkScoped(observe(now, registry, hear(given)))
          return yield* whenOver(now.delivery, concern([id]))
        case "Leaves":
          return yield* depart(now, registry, voice.tell)
        case "Runs":
          yield* refusal.over
          yield* atClose(Effect.sync(() => registry.running(id, false)))
          yield* settle(true)
          return yield* deliver({
            id,
            registry,
            vital: account.vital,
            why: isBarred || judged !== undefined && judged !== print(given) ? "policy" : "started",
            hear: hear(given),
            owns: ({ entries }) =>
              Effect.gen(function*() {
                yield* owns({ entries })
                yield* voice.say(Noted.Inventoried({ entries }), facts(given))
              }),
            polls: (kinds) => voice.say(Noted.Polled({ kinds }), facts(given)),
            wakes: (given) =>
              Effect.gen(function*() {
                yield* atClose(Effect.sync(() => lane = lane === given ? undefined : lane))
                ;[lane, guarded] = [given, print(current())]
                yield* Effect.forkScoped(attend)
              }),
            writes: (inventory) =>
              Effect.suspend(() => {
                registry.running(id, inventory === undefined)
                return inventory === undefined
                  ? Effect.void
                  : Effect.andThen(owns(inventory), concern(registry.inheritorsOf(given)))
              }),
            judges: (judging) => {
              ;[judged, isBarred] = [print(current()), false]
              bundles = judging.map(({ digest, name }) => ({ name, digest }))
            },
            again: decided.again
          }, now)
      }
    })

  const insist = (now: Decided) =>
    Effect.scoped(act(now)).pipe(
      // Nothing is expected to fail here; what does must not end the lane of this Delivery for good. (Who is interrupted
      // from outside does not get here: what does was interrupted by something of its own.)
      Effect.catchCause((cause) =>
        Effect.logError(`${id} starts again: this is a mistake in Sluice`, cause).pipe(
          Effect.andThen(Effect.sleep(pause)),
          Effect.andThen(decided.again)
        )
      )
    )
  const touched = Effect.suspend(() => notice(current())).pipe(
    Effect.catchDefect((defect) => Effect.logError(`${id} was not looked at: this is a mistake in Sluice`, defect))
  )
  yield* tellAbsent
  return yield* decided.forEach(insist, touched)
}, Effect.scoped)
