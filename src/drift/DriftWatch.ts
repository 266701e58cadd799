import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { constVoid } from "effect/Function"
import * as Latch from "effect/Latch"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { atClose } from "../domain/atClose.ts"
import type { InventoryEntry } from "../domain/Inventory.ts"
import { key, type ObjectRef } from "../domain/ObjectRef.ts"
import { uptimeOf } from "../domain/uptime.ts"
import type { Look } from "../kube/Known.ts"
import type { LiveMetadata } from "../kube/KubeReader.ts"
import type { Suspect, Suspicion } from "../kube/Suspect.ts"
import { type Expected, isDoubtful, isOlder, isTaken, judge, type Verdict } from "./judge.ts"
import type { Covered, Follower, SharedWatch } from "./SharedWatch.ts"

export interface WatchOptions {
  /** Of the delivery. */
  readonly label: string
  /** Whose additions inside an object may stay, beside those of controllers. */
  readonly allowManagers: ReadonlyArray<string>
  /** Milliseconds after which kinds that may not be watched are looked at again; the layer's, unless given. */
  readonly interval?: number
}

/** What one delivery owns, watched. */
export interface DriftWatch {
  /**
   * Starts and stops watches so that exactly these objects are watched; returns when all that is there is known (or
   * cannot be: then that kind is polled). What is known of an entry that is the same stays known. `written` has, by their
   * keys, the versions at which a run left what it wrote: what is seen before that tells nothing.
   */
  readonly follow: (
    entries: ReadonlyArray<InventoryEntry>,
    written?: ReadonlyMap<string, string>
  ) => Effect.Effect<void>
  /** Our own write, before or after its event comes. */
  readonly wrote: (entry: InventoryEntry, resourceVersion: string) => Effect.Effect<void>
  /** Waits until something looks taken, and leaves it there. */
  readonly stirred: Effect.Effect<void>
  /** Whether nothing looks taken, nor will before more is seen. */
  readonly rests: () => boolean
  /** Has `stirred` told when that may have changed, and at once; and `moved`, when kinds may be polled that were not. */
  readonly listen: (listener: Pick<Follower, "moved"> & { readonly stirred: () => void }) => void
  /**
   * What looks taken right now, judged against the newest entries: taken while nobody writes, false alarms about our own
   * writes are gone. Each suspect is handed out once: again when there is new evidence, or when it is put back.
   */
  readonly take: Effect.Effect<ReadonlyArray<Suspect>>
  /** The same, once there is something. */
  readonly suspects: Effect.Effect<ReadonlyArray<Suspect>>
  /** Puts back what was not healed: it is handed out again, unless it turns out to be well. Answers what still looks taken. */
  readonly again: (refs: ReadonlyArray<ObjectRef>) => Effect.Effect<ReadonlyArray<ObjectRef>>
  /** What is `unjudged` is handed out again: others judge, or judge something else. */
  readonly rejudge: Effect.Effect<void>
  /** Whether nothing is suspect, but for what policies say of controllers, and every watch is live. */
  readonly isQuiet: Effect.Effect<boolean>
  /** What is known of a watched object, for the diff: undefined where no live watch covers it. */
  readonly seen: Look
  /** Kinds that may not be watched by this identity. */
  readonly polled: Effect.Effect<ReadonlyArray<string>>
}

/** What speaks against one object. */
interface Case {
  verdict: Verdict
  live: LiveMetadata | undefined
  /** By `uptime`, before which it cannot be told: what we wrote may not have come by, or its second not be over. */
  due: number
  isTold: boolean
  /** What it was told for: the same again is nothing new. */
  told: string
}

interface Watched {
  readonly watch: SharedWatch
  readonly scope: Scope.Closeable
}

/** So many suspects keep what was seen of them; of others a GET tells. */
const evidence = 1_000
const second = 1_100

const unknown = { resourceVersion: undefined, writtenAt: undefined, accepted: undefined }

const nameOf = (apiVersion: string, kind: string, namespace: string): string => `${apiVersion} ${kind} ${namespace}`

/** Watches through shared watches, until the scope closes. */
export const make = Effect.fnUntraced(function*(
  share: (covered: Covered) => Effect.Effect<SharedWatch, never, Scope.Scope>,
  { allowManagers: allowed, interval, label }: WatchOptions
) {
  const scope = yield* Effect.scope
  const lock = yield* Semaphore.make(1)
  const wake = yield* Latch.make(false)
  let heard: Parameters<DriftWatch["listen"]>[0] = { moved: constVoid, stirred: constVoid }
  const stir = () => (wake.openUnsafe(), heard.stirred())
  const clock = yield* Clock.Clock
  const soon = () => uptimeOf(clock) + second
  const watches = new Map<string, Watched>()
  const expected = new Map<string, Expected>()
  /** Objects of which we know what a heal left, until they are seen that way. */
  const answered = new Map<string, string>()
  const cases = new Map<string, Case>()

  const watchOf = ({ apiVersion, ref: { kind, namespace } }: InventoryEntry): SharedWatch | undefined =>
    watches.get(nameOf(apiVersion, kind, namespace))?.watch

  const verdictOf = (id: string): Verdict => {
    const known = expected.get(id)
    const watch = known && watchOf(known.entry)
    const now = watch?.seen(id)
    if (known === undefined || now === undefined) return undefined
    if (typeof now === "string" || answered.get(id) !== now.resourceVersion) {
      return judge(known, now, watch?.position(), allowed)
    }
    answered.delete(id)
    const accepting = { ...known, accepted: now.intrusion, label: now.label }
    expected.set(id, accepting)
    return judge(accepting, now, watch?.position(), allowed)
  }

  const stateOf = (id: string, verdict: Verdict): string => {
    const known = expected.get(id)
    const now = known && watchOf(known.entry)?.seen(id)
    if (typeof now !== "object") return String(now)
    // What we write ourselves is no news about what controllers hold.
    if (verdict === "unjudged") return `${now.uid} ${now.held}`
    return `${now.uid} ${now.deleting} ${now.label} ${now.fingerprint} ${now.intrusion}`
  }

  const open = (id: string, verdict: Verdict, live: LiveMetadata | undefined, due: number) => {
    const before = cases.get(id)
    const isTold = before?.isTold === true && before.told === stateOf(id, verdict) && verdict !== "doubt"
    const kept = before?.live !== undefined || cases.size < evidence ? live : undefined
    cases.set(id, { verdict, live: kept, due, isTold, told: before?.told ?? "" })
    if (!isTold) stir()
  }

  /** An open doubt stays until it is settled: what comes later may well be somebody else's. */
  const isDoubt = (id: string): boolean => cases.get(id)?.verdict === "doubt"

  const self: Follower = {
    interval,
    moved: () => heard.moved(),
    noticed: (id, before, live) => {
      const known = expected.get(id)
      if (known === undefined) return
      const verdict = verdictOf(id)
      if (isTaken(verdict)) return open(id, verdict, live, 0)
      const seen = watchOf(known.entry)?.seen(id)
      if (typeof seen === "object" && isDoubtful(known, seen, before, uptimeOf(clock))) {
        return open(id, "doubt", live, soon())
      }
      if (isDoubt(id)) return
      if (verdict === undefined) cases.delete(id)
      else open(id, verdict, live, 0)
    }
  }

  /** Judges again what is open; what turns out to be well is dropped. */
  const review = () => {
    for (const [id, one] of cases) {
      const verdict = verdictOf(id)
      if (one.verdict === "doubt" && !isTaken(verdict)) continue
      if (verdict === undefined) cases.delete(id)
      else one.verdict = verdict
    }
  }

  /** When a case is to be looked at; never, if it was or cannot be. */
  const dueOf = ({ due, isTold, verdict }: Case): number =>
    isTold || verdict === undefined || verdict === "leaving" ? Infinity : due

  const nextDue = (): number => Math.min(...[...cases.values()].map(dueOf))

  const take = Effect.sync(() => {
    review()
    const now = uptimeOf(clock)
    return [...cases].filter(([, one]) => dueOf(one) <= now).map(([id, one]): Suspect => {
      one.isTold = true
      one.told = stateOf(id, one.verdict)
      const { apiVersion, ref } = expected.get(id)!.entry
      const { live, verdict } = one
      if (verdict === "unjudged") one.live = undefined
      return { ref, apiVersion, why: verdict as Suspicion, live: verdict === "gone" ? undefined : live }
    })
  })

  const stirred = Effect.gen(function*() {
    for (;;) {
      yield* wake.close
      review()
      const pause = nextDue() - uptimeOf(clock)
      if (pause <= 0) return
      yield* pause === Infinity ? wake.await : Effect.raceFirst(wake.await, Effect.sleep(pause))
    }
  })

  const start = (name: string, covered: Covered) =>
    Effect.gen(function*() {
      const own = yield* Scope.fork(scope)
      watches.set(name, { watch: yield* Scope.provide(share(covered), own), scope: own })
    })

  const stop = (name: string, watched: Watched) =>
    Effect.suspend(() => {
      watches.delete(name)
      return Scope.close(watched.scope, Exit.void)
    })

  const follow = (entries: ReadonlyArray<InventoryEntry>, written: ReadonlyMap<string, string> = new Map()) =>
    Effect.gen(function*() {
      const wanted = new Map(entries.map(({ apiVersion, ref: { kind, namespace } }) => [
        nameOf(apiVersion, kind, namespace),
        { apiVersion, kind, namespace }
      ]))
      const next = new Map(entries.map((entry) => [key(entry.ref), entry]))
      for (const [id, { entry }] of expected) {
        if (next.get(id)?.apiVersion === entry.apiVersion) continue
        watchOf(entry)?.remove(entry.ref, self)
        if (next.has(id)) continue
        expected.delete(id)
        answered.delete(id)
        cases.delete(id)
      }
      for (const [name, covered] of wanted) if (!watches.has(name)) yield* start(name, covered)
      for (const [id, entry] of next) {
        const known = expected.get(id)
        const isSame = known?.entry.uid === entry.uid && known?.entry.fingerprint === entry.fingerprint
        const isKnown = isSame && known !== undefined
        expected.set(id, isKnown ? { ...known, entry } : { ...unknown, label, entry, resourceVersion: written.get(id) })
        watchOf(entry)?.add(entry.ref, self)
      }
      for (const [name, watched] of watches) if (!wanted.has(name)) yield* stop(name, watched)
    }).pipe(Effect.uninterruptible)

  const judgeAll = Effect.sync(() => {
    for (const id of expected.keys()) {
      const verdict = verdictOf(id)
      // What a run has just made may be on its way to us.
      if (verdict !== undefined && !cases.has(id)) open(id, verdict, undefined, verdict === "gone" ? soon() : 0)
    }
    review()
  })

  yield* atClose(Effect.sync(() => expected.forEach(({ entry }) => watchOf(entry)?.remove(entry.ref, self))))

  const watch: DriftWatch = {
    follow: (entries, written) =>
      follow(entries, written).pipe(
        Effect.andThen(Effect.suspend(() =>
          Effect.forEach(watches.values(), ({ watch }) => watch.listed, { concurrency: "unbounded", discard: true })
        )),
        Effect.andThen(judgeAll),
        Semaphore.withPermit(lock)
      ),
    wrote: (entry, resourceVersion) =>
      Effect.sync(() => {
        const id = key(entry.ref)
        const [known, before] = [expected.get(id), cases.get(id)]
        const isNew = known?.entry.fingerprint !== entry.fingerprint
        const writtenAt = isNew ? uptimeOf(clock) : known?.writtenAt
        expected.set(id, { label, ...known, entry, resourceVersion, writtenAt, accepted: known?.accepted })
        // What was handed out is answered by a heal: what people own inside by then is theirs to own.
        if (before?.isTold === true) answered.set(id, resourceVersion)
        if (before?.verdict !== "unjudged") cases.delete(id)
        const verdict = verdictOf(id)
        if (isTaken(verdict)) return open(id, verdict, before?.live, 0)
        // Somebody wrote after us and was seen first: with nothing to compare it to, it may have been in our name.
        const seen = watchOf(entry)?.seen(id)
        if (isNew && typeof seen === "object" && seen.isNewest && isOlder(resourceVersion, seen.resourceVersion)) {
          return open(id, "doubt", before?.live, soon())
        }
        if (verdict === undefined) cases.delete(id)
        else open(id, verdict, undefined, 0)
      }),
    stirred,
    rests: () => (review(), nextDue() === Infinity),
    listen: (listener) => (heard = listener).stirred(),
    take,
    suspects: Effect.repeat(Effect.andThen(stirred, take), { until: ({ length }) => length > 0 }),
    again: (refs) =>
      Effect.sync(() => {
        review()
        for (const ref of refs) {
          const one = cases.get(key(ref))
          if (one !== undefined) one.isTold = false
        }
        stir()
        return refs.filter((ref) => isTaken(cases.get(key(ref))?.verdict))
      }),
    rejudge: Effect.sync(() => {
      for (const one of cases.values()) if (one.verdict === "unjudged") one.isTold = false
      stir()
    }),
    isQuiet: Effect.sync(() => {
      review()
      return ![...cases.values()].some(({ verdict }) => isTaken(verdict)) &&
        [...watches.values()].every(({ watch }) => watch.state() === "live")
    }),
    seen: (apiVersion, ref) => {
      const watch = watches.get(nameOf(apiVersion, ref.kind, ref.namespace))?.watch
      return watch?.state() === "live" ? watch.seen(key(ref)) : undefined
    },
    polled: Effect.sync(() =>
      [
        ...new Set(
          [...watches].filter(([, { watch }]) => watch.state() === "polled").map(([name]) => name.split(" ")[1]!)
        )
      ].sort()
    )
  }
  return watch
})
