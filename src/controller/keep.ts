import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as Semaphore from "effect/Semaphore"
import { type Delivery, nameOf } from "../api/v1alpha1/Delivery.ts"
import { Apply } from "../apply/Apply.ts"
import { InventoryStore } from "../apply/InventoryStore.ts"
import type { Healed } from "../domain/Drift.ts"
import type { DriftFinding } from "../domain/DriftReport.ts"
import type { Inventory } from "../domain/Inventory.ts"
import { key, type ObjectRef } from "../domain/ObjectRef.ts"
import { policySet } from "../domain/policySet.ts"
import { classOf } from "../domain/StageError.ts"
import { uptime } from "../domain/uptime.ts"
import type { DriftWatch } from "../drift/DriftWatch.ts"
import * as fighting from "../drift/fights.ts"
import type { Suspect } from "../kube/Suspect.ts"
import type { Beside } from "../pipeline/Lane.ts"
import type { RefusedNow } from "../pipeline/refusedNow.ts"
import type { Right } from "../pipeline/Rights.ts"
import { roused } from "../pipeline/roused.ts"
import type { Watched } from "../pipeline/Watched.ts"
import { Denials } from "./denials.ts"
import { findingOf, findingOfFight, withheld } from "./findings.ts"
import { Guests, isGuest, type Refused } from "./guests.ts"
import { type Hears, makeHealing, type Stand } from "./healing.ts"
import { makeHealRecord } from "./healRecord.ts"
import { Stubborn } from "./Stubborn.ts"
import { looked, suspicion } from "./suspicion.ts"

/** What keeps the objects of a delivery as they were applied, between its runs. */
export interface Keeping {
  readonly watched: Watched
  readonly beside: (lane: Beside) => Effect.Effect<void>
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
}

/** How many milliseconds before something that could not be read, or healed, is tried again; healing ever more slowly. */
const again = 10_000
const longest = 5 * 60_000
/** So many objects are looked at or judged together. */
const batch = 50

/**
 * Watches what a delivery owns, and heals it from memory: the bytes that the gate admitted are put back within
 * milliseconds. Where they are not in memory (after a restart, or after a run that ended half-way) a run of the whole loop
 * puts it right. With `drift: report` nothing is written, and all is told. What the policies refuse by now is not put back
 * either, and it is told why.
 */
export const keep = Effect.fnUntraced(function*({ delivery, drift, owns, polls, refused }: Options) {
  const [apply, inventories] = [yield* Apply, yield* InventoryStore]
  const rights = yield* Effect.context<Right>()
  const scope = yield* Effect.scope
  const pen = yield* Semaphore.make(1)
  const healing = yield* makeHealing(delivery, refused)
  const record = yield* makeHealRecord(pen)
  const { apply: spec } = delivery.spec
  const { drift: mode, wait } = spec
  let stand: Stand | undefined
  const denials = new Denials(again, longest)
  const stubborn = new Stubborn(again, longest)
  const guests = new Guests(nameOf(delivery), refused, spec.allowManagers)
  let fights = fighting.none
  let failures = 0
  /** At which versions the last run left what it wrote. */
  let written = new Map<string, string>()
  /** What only a run can put right. */
  const left = new Map<string, Suspect>()
  /** What policies keep from being put back: told once. */
  const held = new Map<string, ObjectRef>()
  /** In which policies are to be asked what controllers hold. */
  const arrived = new Map<string, Suspect>()
  let isReceiving = false
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
    denied: ({ violations }) =>
      Effect.suspend(() => {
        const suspects = stand === undefined
          ? [...left.values()].filter(({ ref }) => !held.has(key(ref)))
          : []
        if (suspects.length === 0) return Effect.void
        for (const { ref } of suspects) held.set(key(ref), ref)
        const [first] = violations
        const why = `the policies refuse the newest revision${first === undefined ? "" : ` (${first.policy})`}`
        return tell({
          _tag: "DriftFound",
          findings: suspects.map((suspect) => withheld(suspicion(suspect, spec), why))
        })
      }),
    judged: (judges) =>
      Effect.suspend(() => {
        if (stand !== undefined) stand = { ...stand, gate: stand.gate.renewed(judges) }
        // What was denied may be let through by now.
        return Effect.asVoid(drift.again(denials.refs))
      }),
    stands: (changeset, policies, gate) =>
      Effect.suspend(() => {
        stand = { bytes: apply.standing(changeset), policies, gate }
        const suspects = [...left.values()].map(({ ref }) => ref)
        left.clear()
        return Effect.asVoid(Effect.andThen(drift.rejudge, drift.again(suspects)))
      }),
    applied: (changeset, policies, gate) =>
      Effect.suspend(() => {
        stand = { bytes: apply.standing(changeset), policies, gate }
        denials.clear()
        stubborn.stands((id) => stand?.bytes.get(id)?.digest)
        return Effect.asVoid(Effect.forkIn(Effect.andThen(Effect.ignore(follow), resume), scope))
      })
  }

  const noted = Effect.fnUntraced(function*(healed: Healed) {
    if (mode !== "heal" || healed.action === "denied") return
    left.delete(key(healed.ref))
    held.delete(key(healed.ref))
    record.note(healed.entry)
    yield* drift.wrote(healed.entry, healed.resourceVersion)
  })

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

  /** Puts back what may be put back now, unless it is fought about; `strange` is what policies refuse of it. */
  const putBack = Effect.fnUntraced(function*(suspects: ReadonlyArray<Suspect>, strange: ReadonlyArray<Refused> = []) {
    const now = yield* uptime
    fights = fighting.taken(fights, suspects.map(({ ref }) => ref), now)
    const waiting = suspects.filter(({ ref }) => mode === "heal" && fighting.waitOf(fights, ref, now) > 0)
    for (const { ref } of waiting) {
      yield* later(drift, [ref], fighting.waitOf(fights, ref, now)).pipe(Effect.forkIn(scope))
    }
    const fought = waiting.flatMap(({ ref }) => findingOfFight(fights, ref))
    if (fought.length > 0) yield* tell({ _tag: "DriftFound", findings: fought })
    const due = suspects.filter((suspect) =>
      !waiting.includes(suspect) && (mode !== "heal" || !stubborn.waits(suspect.ref, now))
    )
    const done: Array<Healed> = []
    const kept: Array<DriftFinding> = []
    const hears: Hears = {
      healed: (healed) => (done.push(healed), noted(healed)),
      withheld: (healed, suspect, why) =>
        Effect.sync(() => {
          const isNews = !held.has(key(healed.ref))
          left.set(key(healed.ref), suspect)
          held.set(key(healed.ref), healed.ref)
          if (isNews && healed.action !== "untouched") kept.push(withheld(findingOf("report")(healed), why))
        }),
      decided: (revision, record) => tell({ _tag: "PolicyDecided", revision, record })
    }
    const healed = yield* Effect.result(Semaphore.withPermit(pen, healing(due, stand, hears)))
    const over = yield* uptime
    fights = fighting.healed(fights, done, over)
    const { news, stays } = denials.note(done)
    for (const { pause, ref } of stays) yield* Effect.forkIn(later(drift, [ref], pause), scope)
    for (const { ref } of done) stubborn.healed(ref)
    const failure = healed._tag === "Failure" ? healed.failure : undefined
    const others = healed._tag === "Success"
      ? healed.success
      : due.filter(({ ref }) => !done.some((one) => key(one.ref) === key(ref)))
    const passes = failure !== undefined && classOf(failure) === "transient"
    failures = passes ? failures + 1 : 0
    const owed = new Set(others.filter((suspect) => !isGuest(suspect)))
    if (failure !== undefined && mode === "heal") {
      yield* Effect.logWarning(`${nameOf(delivery)}: drift is left to a run: ${failure.message}`)
      // The newest revision may be one that is never applied: what memory can heal does not wait for it alone.
      for (const suspect of others) {
        const { pause, times } = passes
          ? { times: 1, pause: Math.min(longest, again * 2 ** (failures - 1)) }
          : stubborn.failed(suspect.ref, stand?.bytes.get(key(suspect.ref))?.digest, over)
        yield* Effect.forkIn(later(drift, [suspect.ref], pause), scope)
        if (times > 1) owed.delete(suspect)
        else if (!passes && owed.has(suspect)) kept.push({ ...suspicion(suspect, spec), why: failure.message })
      }
    }
    const refusedNow = strange.filter(({ suspect }) =>
      suspect === undefined || mode !== "heal" || due.includes(suspect)
    )
    const findings = [...guests.note(refusedNow, news.map(findingOf(mode))), ...kept]
    if (findings.length > 0) yield* tell({ _tag: "DriftFound", findings })
    yield* Effect.provide(record.saveSoon, rights)
    if (mode === "heal") return yield* owe([...owed])
    const unread = (yield* lookedAt(others)).map((one) => suspicion(one, spec))
    if (unread.length > 0) yield* tell({ _tag: "DriftFound", findings: unread })
  })

  /** Policies are at hand once a run has read them: after a restart it is asked for one, if there are any. */
  const judgeGuests = Effect.fnUntraced(function*(suspects: ReadonlyArray<Suspect>) {
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
