import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { key, type ObjectRef } from "../domain/ObjectRef.ts"
import { deliveryLabel } from "../domain/ownership.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import type { KubeReader, LiveMetadata, MetadataEvent } from "../kube/KubeReader.ts"
import { liveMetadata } from "../kube/liveMetadata.ts"
import { type Seen, seen } from "../kube/Seen.ts"

/** One kind in one namespace. */
export interface Covered {
  readonly apiVersion: string
  readonly kind: string
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string
}

/** Who owns an object and wants to know of its changes. */
export interface Follower {
  /** Milliseconds after which it wants kinds looked at again that may not be watched. */
  readonly interval: number | undefined
  /** Told at once and in order; `live` is what the event said, where it said it. */
  readonly noticed: (id: string, before: Seen | undefined, live: LiveMetadata | undefined) => void
  /** Told when the state of the watch becomes another. */
  readonly moved: () => void
}

/** What is labelled, of one kind in one namespace, as one identity sees it: one watch for all who own some of it. */
export interface SharedWatch {
  /** `polled`: the identity may not watch the kind. `unserved`: the cluster does not have it (any more). */
  readonly state: () => "starting" | "live" | "polled" | "unserved"
  /** Done once all that is there is known, or nothing can be. */
  readonly listed: Effect.Effect<unknown>
  /** What is known of an object; undefined where nothing can be. */
  readonly seen: (id: string) => Seen | "absent" | undefined
  /** Everything up to this resourceVersion has been seen; undefined where it was asked for one by one. */
  readonly position: () => string | undefined
  readonly add: (ref: ObjectRef, follower: Follower) => void
  readonly remove: (ref: ObjectRef, follower: Follower) => void
}

interface Route {
  readonly ref: ObjectRef
  readonly followers: Set<Follower>
}

/** GETs at a time, where nothing else is allowed. */
const gets = 4

/** Milliseconds before a watch that could not even begin is tried again. */
const blip = 1_000

const isRefusal = ({ status }: KubeFailure): boolean => status >= 400 && status < 500 && status !== 429

/**
 * Watches until the scope closes. What is refused is looked at, and asked for again: soon, then after the shortest interval
 * of its followers; `interval` is for those that have none, and for kinds that the cluster does not have.
 */
export const make = Effect.fnUntraced(function*(
  reader: KubeReader["Service"],
  { apiVersion, kind, namespace }: Covered,
  interval: number
) {
  const routes = new Map<string, Route>()
  const listed = yield* Latch.make(false)
  let index = new Map<string, Seen>()
  /** What of the routes is not there, while nobody may list. */
  const absent = new Set<string>()
  let isComplete = false
  let position: string | undefined
  let state: ReturnType<SharedWatch["state"]> = "starting"
  /** Whether the watch that goes on now has told a change. */
  let isHeard = false

  const tell = (id: string, before: Seen | undefined, live?: LiveMetadata) =>
    routes.get(id)?.followers.forEach((follower) => follower.noticed(id, before, live))

  const replace = (id: string, now: Seen | undefined, live?: LiveMetadata) => {
    const before = index.get(id)
    if (now === undefined) index.delete(id)
    else index.set(id, now)
    if (!isComplete) absent[now === undefined ? "add" : "delete"](id)
    tell(id, before, live)
  }

  const everybody = () => new Set(routes.values().flatMap(({ followers }) => followers.values()))

  const become = (next: typeof state) => {
    if (state === next) return
    state = next
    for (const follower of everybody()) follower.moved()
  }

  const hear = (event: MetadataEvent<readonly [string, Seen]>) =>
    Effect.suspend(() => {
      // Whoever may list and not watch gets here as well: only what comes afterwards shows that the watch works.
      if (event._tag !== "Listed" || state === "starting") become("live")
      isHeard ||= event._tag !== "Listed"
      if (event._tag === "Listed") {
        const before = index
        index = new Map(event.objects)
        isComplete = true
        absent.clear()
        position = event.resourceVersion
        for (const id of routes.keys()) tell(id, before.get(id))
        return Effect.asVoid(listed.open)
      }
      if (event._tag === "Bookmark") {
        position = event.resourceVersion
        return Effect.void
      }
      const { object } = event
      const id = key(object.ref)
      position = object.resourceVersion
      if (event._tag === "Changed") replace(id, seen(object), object)
      // A deletion that we already know the successor of is old news.
      else if (index.get(id)?.uid === object.uid) replace(id, undefined)
      return Effect.void
    })

  const forget = () => {
    if (!isComplete) return
    index = new Map()
    absent.clear()
    isComplete = false
    position = undefined
  }

  const lookAtEach = Effect.suspend(() =>
    Effect.forEach([...routes], ([id, { ref }]) =>
      Effect.map(Effect.result(reader.get(apiVersion, ref)), (result) => {
        if (Result.isFailure(result)) return
        const live = result.success === undefined ? undefined : liveMetadata(apiVersion, kind, result.success)
        replace(id, live && seen(live), live)
      }), { concurrency: gets, discard: true })
  )

  const shortest = () => {
    const all = everybody()
    return all.size === 0 ? interval : Math.min(...[...all].map((follower) => follower.interval ?? interval))
  }

  const watch = reader.watchMetadata(
    apiVersion,
    kind,
    namespace === "" ? undefined : namespace,
    deliveryLabel,
    (live) => [key(live.ref), seen(live)] as const
  ).pipe(
    Stream.runForEach(hear),
    Effect.result,
    Effect.tapDefect((defect) => Effect.logError(`watch of ${apiVersion} ${kind}`, defect)),
    Effect.catchDefect(() => Effect.succeed("broken" as const))
  )

  yield* Effect.gen(function*() {
    for (let refusals = 0;;) {
      const ended = yield* watch
      if (isHeard) refusals = 0
      isHeard = false
      if (ended === "broken") {
        yield* Effect.sleep(Math.min(interval, blip * 2 ** refusals++))
        continue
      }
      const refused = Result.isFailure(ended) ? ended.failure : undefined
      if (refused !== undefined && !isRefusal(refused)) {
        yield* Effect.sleep(blip)
        continue
      }
      become(refused === undefined || refused.status === 404 ? "unserved" : "polled")
      if (state === "unserved" || refused?.verb === "list") forget()
      if (state === "polled" && refused?.verb === "list") yield* lookAtEach
      yield* listed.open
      // A server that has just begun refuses what it does not know the rights of yet.
      yield* Effect.sleep(Math.min(state === "polled" ? shortest() : interval, blip * 2 ** refusals++))
    }
  }).pipe(Effect.forkScoped)

  const shared: SharedWatch = {
    state: () => state,
    listed: listed.await,
    seen: (id) => index.get(id) ?? (isComplete || absent.has(id) ? "absent" : undefined),
    position: () => position,
    add: (ref, follower) => {
      const route = routes.get(key(ref)) ?? { ref, followers: new Set() }
      route.followers.add(follower)
      routes.set(key(ref), route)
    },
    remove: (ref, follower) => {
      const route = routes.get(key(ref))
      if (route?.followers.delete(follower) === true && route.followers.size === 0) routes.delete(key(ref))
    }
  }
  return shared
})
