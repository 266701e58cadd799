import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import * as Latch from "effect/Latch"
import * as Queue from "effect/Queue"
import { Identity } from "../kube/Identity.ts"
import { KubeClient } from "../kube/KubeClient.ts"
import { collect } from "../telemetry/Meter.ts"
import { bundlesOf } from "./collectors.ts"
import { decide, type Decided, type Rules } from "./decide.ts"
import { gather } from "./gather.ts"
import { guardrails } from "./guardrails.ts"
import { keyOf } from "./keyOf.ts"
import { Newest } from "./Newest.ts"
import { type LiveDelivery, type MalformedDelivery, Registry } from "./Registry.ts"
import { tend } from "./tend.ts"

export interface ControllerOptions extends Rules {
  /** Who writes Events: the name of this process. */
  readonly instance: string
  /** Opened when everything that is there has been seen once. */
  readonly ready: Latch.Latch
}

/** How long before a Delivery begins anew that nobody tends any more. */
const pause = "10 seconds"

/** One Delivery that is tended: the last decision about it, and who follows it. */
interface Ward {
  readonly uid: string
  readonly decided: Newest<Decided>
  readonly seen: Latch.Latch
  key: string
}

/**
 * Keeps what every Delivery of the cluster says true, until it is interrupted. What is known of the cluster is state, and
 * decisions are read off it; a Delivery whose decision became another starts anew, and no other hears of it.
 */
export const controller = Effect.fnUntraced(function*({ instance, ready, ...rules }: ControllerOptions) {
  const client = yield* KubeClient
  const registry = new Registry()
  yield* collect(bundlesOf(registry))
  const wards = new Map<string, Ward>()
  const fibers = yield* FiberMap.make<string, void>()
  const concerned = new Set<string>()
  const signal = yield* Latch.make(false)
  const concern = (ids: Iterable<string>) =>
    Effect.suspend(() => {
      for (const id of ids) concerned.add(id)
      return concerned.size === 0 ? Effect.void : Effect.asVoid(signal.open)
    })

  const begin = Effect.fnUntraced(function*(id: string, live: LiveDelivery | MalformedDelivery, first: Decided) {
    const decided = new Newest(first)
    const seen = Latch.makeUnsafe()
    wards.set(id, { uid: live.uid, decided, seen, key: keyOf(first, live) })
    const charge = { live, registry, decided, seen, concern, instance }
    const tending = Effect.catchCause(
      tend(charge),
      (cause) =>
        Effect.andThen(Effect.logError(`${id} begins anew: this is a mistake in Sluice`, cause), Effect.sleep(pause))
    )
    const about = { delivery: id, namespace: live.namespace }
    yield* FiberMap.run(fibers, live.uid, Effect.annotateLogs(Effect.forever(tending), about))
  })

  const think = Effect.fnUntraced(function*(id: string) {
    const decided = decide(registry, rules, id, yield* Clock.currentTimeMillis)
    const live = registry.deliveries.get(id)
    const ward = wards.get(id)
    if (ward !== undefined && ward.uid !== live?.uid) {
      wards.delete(id)
      // It ends at its next safe point; nobody else waits for that.
      yield* Effect.forkChild(FiberMap.remove(fibers, ward.uid))
    }
    if (decided === undefined || live === undefined) return
    const current = wards.get(id)
    if (current === undefined) return yield* begin(id, live, decided)
    const key = keyOf(decided, live)
    if (current.key !== key) {
      current.key = key
      current.decided.set(decided)
    }
    current.seen.openUnsafe()
  })

  const bundles = yield* Queue.unbounded<string>()
  const recount = yield* guardrails(registry, bundles, concern)
  const bundled = (name: string) => void Queue.offerUnsafe(bundles, name)
  const { synced } = yield* gather(client.as(Identity.Self()), registry, concern, bundled)
  yield* synced
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
    yield* recount
  }
})
