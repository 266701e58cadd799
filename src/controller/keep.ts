import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as Semaphore from "effect/Semaphore"
import { type Delivery, nameOf } from "../api/v1alpha1/Delivery.ts"
import { Apply } from "../apply/Apply.ts"
import { InventoryStore } from "../apply/InventoryStore.ts"
import type { Inventory } from "../domain/Inventory.ts"
import { key, type ObjectRef } from "../domain/ObjectRef.ts"
import { policySet } from "../domain/policySet.ts"
import type { StageError } from "../domain/StageError.ts"
import type { DriftWatch } from "../drift/DriftWatch.ts"
import type { Suspect } from "../kube/Suspect.ts"
import type { Beside } from "../pipeline/Lane.ts"
import type { RefusedNow } from "../pipeline/refusedNow.ts"
import type { Right } from "../pipeline/Rights.ts"
import { roused } from "../pipeline/roused.ts"
import type { Watched } from "../pipeline/Watched.ts"
import { Guests, isGuest } from "./guests.ts"
import { makeHealing, type Stand } from "./healing.ts"
import { makeHealRecord } from "./healRecord.ts"
import { again, type Books, makePutBack } from "./putBack.ts"
import { looked, suspicion } from "./suspicion.ts"

/** What keeps the objects of a delivery as they were applied, between its runs. */
export interface Keeping {
  readonly watched: Watched
  readonly beside: (lane: Beside) => Effect.Effect<void>
  /** A run came to nothing: what was left to it is put back from what stood before it, or told with why it is not. */
  readonly unsettled: (action: "denied" | "reported", why: string) => Effect.Effect<void>
  /** Other policies judge from now on: what they refused to put back is looked at again. */
  readonly rejudge: Effect.Effect<void>
}

export interface Options {
  readonly delivery: Delivery
  readonly drift: DriftWatch
  /** Told of every inventory that is new. */
  readonly owns: (inventory: Inventory) => Effect.Effect<void>
  /** Told of the kinds that can only be looked at now and then. */
  readonly polls: (kinds: ReadonlyArray<string>) => Effect.Effect<void>
  /** Which of some objects, that were let through by these policies, are refused by now, and who else is to be asked. */
  readonly refused: RefusedNow
  /** What stands by the last revision that was applied, read anew; undefined where policies refuse it by now. */
  readonly stood: Effect.Effect<Stand | undefined, StageError>
}

/** So many objects are looked at or judged together. */
const batch = 50

/**
 * Watches what a delivery owns, and heals it from memory: the bytes that the gate admitted are put back within
 * milliseconds. Where they are not in memory (after a restart, or after a run that ended half-way) a run of the whole loop
 * puts it right. With `drift: report` nothing is written, and all is told. What the policies refuse by now is not put back
 * either, and it is told why.
 */
export const keep = Effect.fnUntraced(function*({ delivery, drift, owns, polls, refused, stood }: Options) {
  const [apply, inventories] = [yield* Apply, yield* InventoryStore]
  const rights = yield* Effect.context<Right>()
  const scope = yield* Effect.scope
  const pen = yield* Semaphore.make(1)
  const healing = yield* makeHealing(delivery, refused)
  const record = yield* makeHealRecord(pen)
  const { apply: spec } = delivery.spec
  const { drift: mode, wait } = spec
  const guests = new Guests(nameOf(delivery), refused, spec.allowManagers)
  /** At which versions the last run left what it wrote. */
  let written = new Map<string, string>()
  const books: Books = { stand: undefined, left: new Map(), held: new Map() }
  const { held, left } = books
  /** In which policies are to be asked what controllers hold. */
  const arrived = new Map<string, Suspect>()
  let [isReceiving, isRebuilding] = [false, false]
  let tell: Beside["tell"] = () => Effect.void
  /** Asks for the run that puts right what is left. */
  let needed: () => void = constVoid

  const inventory = Effect.provide(Effect.andThen(record.save, inventories.load), rights)
  const tellPolled = Effect.flatMap(drift.polled, polls)
  const follow = Effect.flatMap(inventory, (owned) =>
    owns(owned).pipe(
      Effect.andThen(drift.follow(owned.entries, written)),
      // Only who has tried to watch knows what it may not.
      Effect.andThen(tellPolled)
    ))
  /** What a run has put right is told; it is judged anew, since it may have been taken again. */
  const resume = Effect.gen(function*() {
    const suspects = [...left.values()]
    left.clear()
    held.clear()
    yield* drift.rejudge
    const still = new Set((yield* drift.again(suspects.map(({ ref }) => ref))).map(key))
    const isPutRight = (one: Suspect) => one.why !== "doubt" && !isGuest(one) && !still.has(key(one.ref))
    const findings = suspects.filter(isPutRight).map((one) => suspicion(one, spec, "healed"))
    if (findings.length > 0) yield* tell({ _tag: "DriftFound", findings })
  })

  /** The bytes are at hand (again): what was left to a run can be put back without one. */
  const standsAgain = Effect.suspend(() => {
    const suspects = [...left.values()].map(({ ref }) => ref)
    left.clear()
    held.clear()
    return Effect.asVoid(Effect.andThen(drift.rejudge, drift.again(suspects)))
  })
  /** What was left to a run that came to nothing is put back as it stood before, where that can be had; else it is told. */
  const unsettled: Keeping["unsettled"] = (action, why) => {
    if (books.stand !== undefined || left.size === 0 || isRebuilding) return Effect.void
    isRebuilding = true
    return Effect.gen(function*() {
      const found = yield* Effect.orElseSucceed(stood, () => undefined)
      books.stand ??= found
      if (books.stand !== undefined) return yield* standsAgain
      const news = [...left.values()].filter(({ ref }) => !held.has(key(ref)))
      for (const { ref } of news) held.set(key(ref), ref)
      if (news.length === 0) return
      const findings = news.map((one) => Object.assign(suspicion(one, spec, action), { why }))
      yield* tell({ _tag: "DriftFound", findings })
    }).pipe(Effect.ensuring(Effect.sync(() => isRebuilding = false)), Effect.forkIn(scope), Effect.asVoid)
  }

  const watched: Watched = {
    rests: Effect.fnUntraced(function*(identity) {
      const { applied } = yield* inventory
      if (applied?.identity !== identity || (wait && !applied.healthy)) return false
      yield* follow
      return left.size === 0 && (mode !== "heal" || (yield* drift.isQuiet))
    }),
    writes: Effect.gen(function*() {
      let isHeld = true
      const release = Effect.suspend(() => {
        if (!isHeld) return Effect.void
        isHeld = false
        return Effect.asVoid(Semaphore.release(pen, 1))
      })
      yield* Effect.acquireRelease(Semaphore.take(pen, 1), () => release)
      written = new Map()
      yield* Effect.ignore(Effect.provide(record.save, rights))
      return release
    }),
    wrote: ({ ref, written: left }) =>
      Effect.sync(() => left === undefined ? undefined : void written.set(key(ref), left.resourceVersion)),
    denied: ({ violations: [first] }) =>
      unsettled("denied", `the policies refuse the newest revision${first === undefined ? "" : ` (${first.policy})`}`),
    judged: (judges) =>
      Effect.suspend(() => {
        const { stand } = books
        if (stand !== undefined) books.stand = { ...stand, gate: stand.gate.renewed(judges) }
        // What was denied may be let through by now.
        return Effect.asVoid(drift.again(denied()))
      }),
    stands: (changeset, policies, gate) =>
      Effect.suspend(() => {
        books.stand = { bytes: apply.standing(changeset), policies, gate }
        return standsAgain
      }),
    applied: (changeset, policies, gate) =>
      Effect.suspend(() => {
        books.stand = { bytes: apply.standing(changeset), policies, gate }
        stands()
        return Effect.asVoid(Effect.forkIn(Effect.andThen(Effect.ignore(follow), resume), scope))
      })
  }

  /** Who took it is seen before a run puts it right; of very many, nobody is asked about the rest. */
  const lookedAt = Effect.fnUntraced(function*(suspects: ReadonlyArray<Suspect>) {
    const some = yield* Effect.forEach(suspects.slice(0, batch), looked, { concurrency: 4 })
    return [...some, ...suspects.slice(batch)]
  }, Effect.provide(rights))

  const owe = Effect.fnUntraced(function*(suspects: ReadonlyArray<Suspect>) {
    if (suspects.length === 0) return
    for (const suspect of yield* lookedAt(suspects)) left.set(key(suspect.ref), suspect)
    needed()
  })

  const { denied, putBack, stands } = yield* makePutBack({
    delivery,
    drift,
    books,
    healing: (due, hears) => Semaphore.withPermit(pen, healing(due, books.stand, hears)),
    guests,
    record: { note: record.note, saveSoon: Effect.provide(record.saveSoon, rights) },
    tell: (findings) => findings.length === 0 ? Effect.void : tell({ _tag: "DriftFound", findings }),
    decided: (revision, record) => tell({ _tag: "PolicyDecided", revision, record }),
    owe,
    lookedAt
  })

  /** Policies are at hand once a run has read them: after a restart it is asked for one, if there are any. */
  const judgeGuests = Effect.fnUntraced(function*(suspects: ReadonlyArray<Suspect>) {
    const { stand } = books
    if (stand === undefined) {
      const isGuarded = Effect.all([inventory, refused(policySet([]), [], () => [])]).pipe(
        Effect.map(([{ policies }, { asks }]) => asks || policies !== undefined),
        Effect.orElseSucceed(() => true)
      )
      return (yield* isGuarded) ? yield* owe(suspects) : undefined
    }
    const judged = yield* Effect.provide(guests.judge(suspects, stand), rights)
    if (judged.again.length > 0) yield* Effect.forkIn(later(drift, judged.again, again), scope)
    if (judged.refused.length === 0) return
    yield* putBack(mode === "heal" ? judged.refused.flatMap(({ suspect }) => suspect ?? []) : [], judged.refused)
  })

  /** One after the other: what is judged is as the heal before left it. */
  const receive = Effect.gen(function*() {
    for (isReceiving = true; arrived.size > 0;) {
      // What came last is looked at first, a few at a time.
      const suspects = [...arrived.values()].slice(-batch)
      for (const { ref } of suspects) arrived.delete(key(ref))
      yield* judgeGuests(suspects)
    }
  }).pipe(Effect.ensuring(Effect.sync(() => isReceiving = false)))

  const turn = Effect.gen(function*() {
    // Taken while nobody writes: what a run writes is not suspect once its books are closed.
    yield* drift.stirred
    const suspects = yield* Semaphore.withPermit(pen, drift.take)
    const taken = suspects.filter((suspect) => !isGuest(suspect))
    // Policies take their time: what is taken for sure does not wait for them.
    for (const suspect of suspects) if (isGuest(suspect)) arrived.set(key(suspect.ref), suspect)
    if (arrived.size > 0 && !isReceiving) yield* Effect.forkIn(receive, scope)
    if (taken.length > 0) yield* putBack(taken)
  })

  const turns = () => Effect.whileLoop({ while: () => !drift.rests(), body: () => turn, step: constVoid })

  /** Asks for the runs that are needed; what no run puts right (it is denied, or fails) must not make it run on and on. */
  const asks = ({ ask }: Beside) => () =>
    left.size === 0 ? Effect.void : Effect.andThen(ask("drift"), Effect.sleep(again))

  const insist = () =>
    Effect.gen(function*() {
      while ((yield* Effect.result(follow))._tag === "Failure") yield* Effect.sleep(again)
    })
  return {
    watched,
    unsettled,
    rejudge: Effect.suspend(() => {
      const refs = [...held.values()]
      for (const ref of refs) left.delete(key(ref))
      held.clear()
      return refs.length === 0 ? Effect.void : Effect.asVoid(drift.again(refs))
    }),
    beside: (lane) =>
      Effect.suspend(() => {
        tell = lane.tell
        needed = roused(lane.fork, asks(lane))
        needed()
        const stirred = mode === "ignore" ? constVoid : roused(lane.fork, turns)
        drift.listen({ moved: roused(lane.fork, () => tellPolled), stirred })
        return insist()
      })
  } satisfies Keeping
})

const later = (drift: DriftWatch, refs: ReadonlyArray<ObjectRef>, ms: number) =>
  Effect.andThen(Effect.sleep(ms), drift.again(refs))
