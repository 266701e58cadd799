import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import * as FiberSet from "effect/FiberSet"
import * as Latch from "effect/Latch"
import * as Queue from "effect/Queue"
import * as Semaphore from "effect/Semaphore"
import { Identity } from "../kube/Identity.ts"
import { KubeClient } from "../kube/KubeClient.ts"
import { Members } from "../members/Members.ts"
import { Notify } from "../notify/Notify.ts"
import { collect, count } from "../telemetry/Meter.ts"
import { deliveriesMoved } from "../telemetry/metrics.ts"
import { bundlesOf } from "./collectors.ts"
import { decide, type Decided, type Rules } from "./decide.ts"
import { foreignParents } from "./foreignParents.ts"
import { gather } from "./gather.ts"
import { guardrails } from "./guardrails.ts"
import { keepNotifiers } from "./keepNotifiers.ts"
import { keyOf } from "./keyOf.ts"
import { Newest } from "./Newest.ts"
import { type LiveDelivery, type MalformedDelivery, Registry } from "./Registry.ts"
import { reread } from "./reread.ts"
import { tend } from "./tend.ts"

export interface ControllerOptions extends Rules {
  /** `host:port` at which other replicas reach this one's webhooks. */
  readonly address: string | undefined
  /** Opened when everything that is there has been seen once, and this replica takes part in tending it. */
  readonly ready: Latch.Latch
}

/** How long before a Delivery begins anew that nobody tends any more. */
const pause = "10 seconds"

const moves = (change: "taken" | "given", all: number) => count(deliveriesMoved, { change }, all)

/** One Delivery that is tended: and the last decision about it. */
interface Ward {
  readonly uid: string
  readonly decided: Newest<Decided>
  key: string
}

/**
 * Keeps what those Deliveries of the cluster say true that this replica tends, until it is interrupted. What is known of
 * the cluster is state, and decisions are read off it; a Delivery whose decision became another starts anew, and no other
 * hears of it.
 */
export const controller = Effect.fnUntraced(function*({ address, ready, ...rules }: ControllerOptions) {
  const [client, members, notify] = [yield* KubeClient, yield* Members, yield* Notify]
  const self = client.as(Identity.Self())
  const registry = new Registry()
  yield* collect(bundlesOf(registry))
  const wards = new Map<string, Ward>()
  const fibers = yield* FiberMap.make<string, void>()
  /** Of Deliveries that are no more, or tended elsewhere from now on. */
  const ending = yield* FiberSet.make<void>()
  const lock = yield* Semaphore.make(1)
  const concerned = new Set<string>()
  const signal = yield* Latch.make(false)
  const concern = (ids: Iterable<string>) =>
    Effect.suspend(() => {
      for (const id of ids) concerned.add(id)
      return concerned.size === 0 ? Effect.void : Effect.asVoid(signal.open)
    })

  const begin = Effect.fnUntraced(function*(id: string, live: LiveDelivery | MalformedDelivery, first: Decided) {
    const decided = new Newest(first)
    wards.set(id, { uid: live.uid, decided, key: keyOf(first, live) })
    const charge = { registry, decided, concern, instance: members.instance }
    const tending = Effect.catchCause(
      // Another replica may have written it since it was seen here.
      Effect.flatMap(
        members.isShared() ? reread(self, live) : Effect.succeed(live),
        (now) => tend({ ...charge, live: now })
      ),
      (cause) =>
        Effect.andThen(Effect.logError(`${id} begins anew: this is a mistake in Sluice`, cause), Effect.sleep(pause))
    )
    registry.running(id, false)
    const about = { delivery: id, namespace: live.namespace }
    yield* FiberMap.run(fibers, live.uid, Effect.annotateLogs(Effect.forever(tending), about))
  })

  /** It ends at its next safe point, and then whatever is done afterwards. Nobody waits for that who hands over nothing. */
  const end = (id: string, { uid }: Ward, afterwards: Effect.Effect<void>) => {
    wards.delete(id)
    return FiberSet.run(ending, Effect.andThen(FiberMap.remove(fibers, uid), afterwards))
  }

  const parents = yield* foreignParents(registry, concern)
  const think = Effect.fnUntraced(function*(id: string) {
    parents.look(id)
    const decided = decide(registry, rules, id, yield* Clock.currentTimeMillis)
    const live = registry.deliveries.get(id)
    const ward = wards.get(id)
    if (ward !== undefined && ward.uid !== live?.uid) yield* end(id, ward, Effect.void)
    if (decided === undefined || live === undefined || !members.tends(id)) return
    const current = wards.get(id)
    if (current === undefined) return yield* begin(id, live, decided)
    const key = keyOf(decided, live)
    if (current.key !== key) {
      current.key = key
      current.decided.set(decided)
    }
    current.decided.touch()
  }, Semaphore.withPermit(lock))

  const bundles = yield* Queue.unbounded<string>()
  const guards = yield* guardrails(registry, bundles, concern)
  const notifiers = yield* keepNotifiers(registry, rules)
  const listeners = { bundle: (name: string) => void Queue.offerUnsafe(bundles, name), ...notifiers.listeners }
  const leave = Effect.fnUntraced(function*(keeps: (key: string) => boolean) {
    const lost = Effect.suspend(() => {
      const all = [...wards].filter(([id]) => !keeps(id))
      const ends = Effect.forEach(all, ([id, ward]) => end(id, ward, notify.leave(id)), { discard: true })
      return Effect.andThen(ends, moves("given", all.length))
    })
    yield* Semaphore.withPermit(lock, lost)
    const ended = Effect.all([FiberSet.awaitEmpty(ending), guards.leave(keeps), notifiers.leave(keeps)], {
      concurrency: "unbounded",
      discard: true
    })
    const told = Effect.suspend(() =>
      Effect.logWarning("others wait for Deliveries that have not ended here: a write is still under way")
    )
    yield* Effect.raceFirst(ended, Effect.forever(Effect.delay(told, "30 seconds")))
  })
  const moved = Effect.suspend(() => {
    const gained = [...registry.deliveries.keys()].filter((id) => !wards.has(id) && members.tends(id))
    const counted = members.isShared() ? moves("taken", gained.length) : Effect.void
    return counted.pipe(
      Effect.andThen(concern(gained)),
      Effect.andThen(guards.recount),
      Effect.andThen(notifiers.moved)
    )
  })

  const { synced } = yield* gather(self, registry, concern, listeners)
  yield* synced
  yield* notifiers.begins
  yield* Effect.addFinalizer(() => leave(() => false))
  yield* members.join({ leave, moved, count: () => wards.size }, address)
  yield* ready.open
  for (;;) {
    yield* signal.await
    yield* signal.close
    const ids = [...concerned]
    concerned.clear()
    yield* Effect.forEach(ids, (id) =>
      // One Delivery that nobody can think about must not end the thinking about all others.
      Effect.catchDefect(think(id), (defect) => Effect.logError(`${id}: this is a mistake in Sluice`, defect)), {
      discard: true
    })
    yield* guards.recount
  }
})
