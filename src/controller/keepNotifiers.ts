import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Notifier } from "../api/v1alpha1/Notifier.ts"
import { type Identity, nameOf } from "../kube/Identity.ts"
import { Members } from "../members/Members.ts"
import { Notify } from "../notify/Notify.ts"
import { isMendable } from "../notify/SendFailed.ts"
import { secretNameOf } from "../notify/sink.ts"
import { Rights } from "../pipeline/Rights.ts"
import { identityOf, type Rules } from "./decide.ts"
import type { Listeners } from "./gather.ts"
import * as NotifierVoice from "./NotifierVoice.ts"
import type { LiveNotifier, MalformedNotifier, Registry } from "./Registry.ts"
import { secretChanges } from "./secretsChange.ts"

/** How often it is asked who names Notifiers, while that may change. */
const counting = "1 second"
/** As so many accounts a Secret is looked at; the Deliveries of a namespace have one, or a few. */
const mostAccounts = 5
/** Who may read a Secret and not watch it looks at it as often. */
const interval = "1m"

/** One Notifier that this replica speaks of, or that its Deliveries tell something. */
interface Ward {
  readonly key: string
  /** By what this replica speaks of it, if it does. */
  readonly speaksBy: string | undefined
  readonly scope: Scope.Closeable
  readonly voice: NotifierVoice.NotifierVoice
}

/**
 * Says in the status of every Notifier how it stands, and has what waits for one tried at once when it was changed, or its
 * Secret. A Secret is read and watched as the Deliveries that name the Notifier, for they are who reads it when something is
 * told; one that nobody names has its own words judged alone. Of a Notifier speaks who tends the first Delivery that names it;
 * `leave` ends that where something does not hold, and returns when it has.
 */
export const keepNotifiers = Effect.fnUntraced(function*(registry: Registry, rules: Rules) {
  const [members, notify, rights] = [yield* Members, yield* Notify, yield* Rights]
  const whole = yield* Effect.scope
  const wards = new Map<string, Ward>()
  /** The generations that what waits was last tried with. */
  const tried = new Map<string, string>()
  const changed = yield* Queue.unbounded<string>()
  const stirred = new Set<string>()
  const signal = yield* Latch.make(false)

  const stir = (ids: Iterable<string>) => {
    for (const id of ids) stirred.add(id)
    if (stirred.size > 0) signal.openUnsafe()
  }

  const identitiesOf = (deliveries: ReadonlyArray<string>): ReadonlyArray<Identity> => {
    const known = new Map<string, Identity>()
    for (const id of deliveries) {
      const delivery = registry.get(id)
      const identity = delivery === undefined ? undefined : identityOf(delivery, registry, rules)
      if (identity === undefined || Result.isFailure(identity)) continue
      known.set(nameOf(identity.success), identity.success)
      if (known.size === mostAccounts) break
    }
    return [...known.values()]
  }

  /** What waits for it is tried at once. */
  const retry = (id: string, namespace: string) =>
    Effect.suspend(() => {
      const notifiers = registry.notifiersIn(namespace)
      return Effect.forEach(registry.subscribersOf(id), (delivery) => {
        const resource = registry.get(delivery)?.resource
        return resource === undefined ? Effect.void : notify.update(resource, notifiers)
      }, { discard: true })
    })

  const begin = Effect.fnUntraced(function*(
    id: string,
    key: string,
    live: LiveNotifier | MalformedNotifier,
    identities: ReadonlyArray<Identity>,
    speaksBy: string | undefined
  ) {
    const { generation, name, namespace, uid } = live
    const as = (identity: Identity) => rights.of({ namespace, name }, identity)
    const scope = yield* Scope.fork(whole)
    const seen: Array<Effect.Effect<unknown>> = []
    let voice: NotifierVoice.NotifierVoice | undefined
    const renewed = Effect.suspend(() => Effect.andThen(voice?.renew ?? Effect.void, retry(id, namespace)))
    const resource = "resource" in live ? live.resource : undefined
    for (const identity of identities) {
      if (resource === undefined) break
      const secret = { namespace, name: secretNameOf(resource), interval }
      seen.push(yield* secretChanges(secret, renewed).pipe(Effect.provide(as(identity)), Scope.provide(scope)))
    }
    let lacked = false
    const look = (notifier: Notifier) =>
      Effect.gen(function*() {
        // What changes after that is told.
        yield* Effect.all(seen, { concurrency: "unbounded", discard: true })
        for (const identity of identities) {
          const examined = yield* Effect.result(Effect.provide(notify.examine(notifier), as(identity)))
          if (Result.isFailure(examined)) {
            lacked = isMendable(examined.failure)
            return examined.failure
          }
        }
        // Of what it was allowed meanwhile no watch tells.
        if (lacked) yield* retry(id, namespace)
        lacked = false
        return undefined
      })
    const current = () => {
      const now = registry.notifiers.get(id)
      return now?.uid === uid && now.generation === generation ? now : undefined
    }
    voice = yield* NotifierVoice.make({
      current,
      written: (now) => void registry.notifiers.set(id, now),
      look: speaksBy === undefined ? undefined : resource === undefined ? Effect.succeed(undefined) : look(resource)
    }).pipe(Scope.provide(scope))
    wards.set(id, { key, speaksBy, scope, voice })
  })

  const think = Effect.fnUntraced(function*(id: string) {
    const live = registry.notifiers.get(id)
    const generation = live === undefined ? "" : `${live.uid} ${live.generation}`
    if ((tried.get(id) ?? generation) !== generation) yield* retry(id, id.split("/", 1)[0]!)
    if (live === undefined) tried.delete(id)
    else tried.set(id, generation)

    const all = [...registry.subscribersOf(id)].toSorted()
    const [here, elsewhere] = [all.filter(members.tends), all.filter((delivery) => !members.tends(delivery))]
    const identities = identitiesOf([...here, ...elsewhere])
    const by = all[0] ?? `notifier/${id}`
    const speaksBy = members.tends(by) ? by : undefined
    const isConcerned = speaksBy !== undefined || here.length > 0
    const key = JSON.stringify([generation, speaksBy, identities.map(nameOf)])
    const ward = wards.get(id)
    if (ward !== undefined && ward.key === key && isConcerned) return yield* ward.voice.notice
    if (ward !== undefined) {
      wards.delete(id)
      // It ends when its last word is written; no other waits for that.
      yield* Effect.forkIn(Scope.close(ward.scope, Exit.void), whole)
    }
    if (live !== undefined && isConcerned) yield* begin(id, key, live, identities, speaksBy)
  })

  const safely = (id: string) =>
    Effect.catchDefect(think(id), (defect) => Effect.logError(`Notifier ${id}: this is a mistake in Sluice`, defect))

  yield* notify.join({
    isMalformed: (id) => "problems" in (registry.notifiers.get(id) ?? {}),
    hear: (reply) => wards.get(reply.notifier)?.voice.hear(reply) ?? Effect.void
  })
  const begins = Effect.gen(function*() {
    yield* Effect.forkIn(Stream.runForEach(Stream.fromQueue(changed), safely), whole)
    yield* Effect.forkIn(
      Effect.forever(Effect.gen(function*() {
        yield* signal.await
        yield* signal.close
        const ids = [...stirred]
        stirred.clear()
        yield* Effect.forEach(ids, safely, { discard: true })
        yield* Effect.sleep(counting)
      })),
      whole
    )
  })

  const listeners: Omit<Listeners, "bundle"> = {
    notifier: (id) => void Queue.offerUnsafe(changed, id),
    subscribers: stir
  }
  return {
    listeners,
    /** Begins with what is known: before all is, a Notifier would be taken for one that nobody names. */
    begins,
    /** Other replicas may have others now. */
    moved: Effect.sync(() => stir(registry.notifiers.keys())),
    leave: (keeps: (key: string) => boolean) =>
      Effect.forEach(
        [...wards].filter(([, { speaksBy }]) => speaksBy !== undefined && !keeps(speaksBy)),
        ([id, { scope }]) =>
          Effect.suspend(() => {
            wards.delete(id)
            stir([id])
            return Scope.close(scope, Exit.void)
          }),
        { concurrency: "unbounded", discard: true }
      )
  }
})
