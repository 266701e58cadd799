import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { at, type Json } from "../domain/Json.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import { type Collection, watchCollection } from "../kube/collection.ts"
import type { KubeSession } from "../kube/KubeClient.ts"
import type { CollectionEvent } from "../kube/KubeReader.ts"
import * as read from "./read.ts"
import { idOf, type Registry } from "./Registry.ts"

const sluice = "sluice.dev/v1alpha1"

/** How long before a watch that the cluster refused is tried again: the kind, or the right to it, may come. */
const again = "5 seconds"
/** Between two looks for an API server. */
const patience = "2 seconds"

interface Watching<A> {
  readonly what: Collection
  readonly read: (item: Json) => A
  readonly id: (item: A) => string
  /** Takes what is there now (undefined: gone); answers the Deliveries that have to be thought about again. */
  readonly take: (id: string, item: A | undefined) => Iterable<string>
  /** What is known now, to find what went unseen. */
  readonly ids: () => Iterable<string>
}

/** Waits for the API server to answer, and says why it does not: a watch that is not let in would wait in silence. */
const reach = Effect.fnUntraced(function*(session: KubeSession) {
  const version = { verb: "get", resource: "/version" }
  let told = ""
  for (;;) {
    const answer = yield* Effect.result(
      session.request({ asked: version, method: "GET", path: "/version", idempotent: true })
    )
    if (Result.isSuccess(answer)) return
    const { message } = answer.failure
    if (message !== told) yield* Effect.logError(`${message} (tried again every ${patience})`)
    told = message
    yield* Effect.sleep(patience)
  }
})

/** Who hears of changes, beside the Deliveries. Each returns at once. */
export interface Listeners {
  /** A PolicyBundle has changed. */
  readonly bundle: (name: string) => void
  /** A Notifier has changed. */
  readonly notifier: (id: string) => void
  /** Who names a Notifier, or as whom it does, may be another. */
  readonly subscribers: (notifiers: Iterable<string>) => void
}

/**
 * Keeps what is known of the cluster true, by five watches as the agent, and tells which Deliveries are concerned by each
 * change, and which PolicyBundle or Notifier has changed. `synced` opens when all has been listed once: before that, nothing may be taken as absent.
 */
export const gather = Effect.fnUntraced(function*(
  session: KubeSession,
  known: Registry,
  concerned: (ids: Iterable<string>) => Effect.Effect<void>,
  heard: Listeners
) {
  yield* reach(session)
  const latches: Array<Latch.Latch> = []

  const keep = Effect.fnUntraced(function*<A>({ id, ids, read, take, what }: Watching<A>) {
    const listed = yield* Latch.make(false)
    latches.push(listed)
    const changed = (event: CollectionEvent<Json>): Iterable<string> => {
      if (event._tag === "Bookmark") return []
      if (event._tag !== "Listed") {
        const item = read(event.object)
        return take(id(item), event._tag === "Deleted" ? undefined : item)
      }
      const items = event.objects.map(read)
      const present = new Set(items.map(id))
      const concerned = new Set<string>()
      for (const gone of [...ids()].filter((known) => !present.has(known))) {
        for (const one of take(gone, undefined)) concerned.add(one)
      }
      for (const item of items) for (const one of take(id(item), item)) concerned.add(one)
      return concerned
    }
    const watching = watchCollection(session, what).pipe(
      Stream.runForEach((event) =>
        Effect.suspend(() => concerned(changed(event))).pipe(
          Effect.andThen(event._tag === "Listed" ? listed.open : Effect.void)
        )
      ),
      Effect.catch((failure: KubeFailure) => Effect.logError(refusal(failure))),
      // An agent that is blind for one of these kinds would not know it: it begins anew, whatever happened.
      Effect.catchDefect((defect) => Effect.logError(`watch of ${what.kind.plural}: a mistake in Sluice`, defect))
    )
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(watching, Effect.sleep(again))))
  })

  yield* keep({
    what: { kind: { apiVersion: sluice, plural: "deliveries", namespaced: true } },
    read: read.delivery,
    id: idOf,
    ids: () => known.deliveries.keys(),
    take: (id, delivery) => {
      const before = known.deliveries.get(id)
      if (delivery !== undefined && before?.resourceVersion === delivery.resourceVersion) return []
      const isNews = delivery === undefined || before?.uid !== delivery.uid || before.generation !== delivery.generation
      if (isNews) heard.subscribers(known.toldOf(id))
      if (delivery === undefined) known.remove(id)
      else known.set(delivery)
      if (isNews) heard.subscribers(known.toldOf(id))
      const [namespace = "", name = ""] = id.split("/")
      return [id, ...known.inheritorsOf({ namespace, name }), ...known.dependentsOf(id)]
    }
  })
  yield* keep({
    what: { kind: { apiVersion: sluice, plural: "policybundles", namespaced: false } },
    read: read.bundle,
    id: ({ name }) => name,
    ids: () => known.bundles.keys(),
    take: (id, bundle) => {
      const before = known.bundles.get(id)
      const isSame = bundle !== undefined && before?.uid === bundle.uid && before.generation === bundle.generation
      if (isSame) {
        // Somebody wrote how it stands: another replica, to be gone on from.
        known.bundles.set(id, { ...before, status: bundle.status })
        return []
      }
      if (bundle === undefined) known.bundles.delete(id)
      // What judged until now goes on until what it says now was looked at.
      else known.bundles.set(id, { ...bundle, state: before?.uid === bundle.uid ? before.state : undefined })
      heard.bundle(id)
      return known.deliveries.keys()
    }
  })
  yield* keep({
    what: { kind: { apiVersion: sluice, plural: "notifiers", namespaced: true } },
    read: read.notifier,
    id: idOf,
    ids: () => known.notifiers.keys(),
    take: (id, notifier) => {
      const before = known.notifiers.get(id)
      if (notifier !== undefined && before?.resourceVersion === notifier.resourceVersion) return []
      if (notifier === undefined) known.notifiers.delete(id)
      else known.notifiers.set(id, notifier)
      heard.notifier(id)
      return (before === undefined) === (notifier === undefined) ? [] : known.subscribersOf(id)
    }
  })
  yield* keep({
    what: { kind: { apiVersion: "v1", plural: "namespaces", namespaced: false }, metadata: true },
    read: (item) => ({
      name: read.text(at(item, "metadata", "name")),
      labels: read.texts(at(item, "metadata", "labels")),
      terminating: at(item, "metadata", "deletionTimestamp") !== undefined
    }),
    id: ({ name }) => name,
    ids: () => known.namespaces.keys(),
    take: (id, namespace) => {
      if (namespace === undefined) known.namespaces.delete(id)
      else known.namespaces.set(id, namespace)
      return known.in(id)
    }
  })
  yield* keep({
    what: { kind: { apiVersion: "v1", plural: "serviceaccounts", namespaced: true }, metadata: true },
    read: (item) => ({
      namespace: read.text(at(item, "metadata", "namespace")),
      name: read.text(at(item, "metadata", "name"))
    }),
    id: idOf,
    ids: () => known.accounts,
    take: (id, account) => {
      const isNews = known.accounts.has(id) !== (account !== undefined)
      if (account === undefined) known.accounts.delete(id)
      else known.accounts.add(id)
      if (!isNews) return []
      const acting = known.in(id.split("/", 1)[0]!)
      for (const delivery of acting) heard.subscribers(known.toldOf(delivery))
      return acting
    }
  })
  return { synced: Effect.forEach(latches, (latch) => latch.await, { discard: true }) }
})

const refusal = (failure: KubeFailure): string =>
  failure.status === 404
    ? `${failure.resource}: this cluster has no such resources; install the CRDs of Sluice (tried again in ${again})`
    : `${failure.message} (tried again in ${again})`
