import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Semaphore from "effect/Semaphore"
import { type Delivery, nameOf } from "../api/v1alpha1/Delivery.ts"
import { Apply } from "../apply/Apply.ts"
import { InventoryStore } from "../apply/InventoryStore.ts"
import type { Healed } from "../domain/Drift.ts"
import type { DriftFinding } from "../domain/DriftReport.ts"
import type { Inventory } from "../domain/Inventory.ts"
import { key, type ObjectRef } from "../domain/ObjectRef.ts"
import { policySet } from "../domain/policySet.ts"
import { uptime } from "../domain/uptime.ts"
import type { DriftWatch } from "../drift/DriftWatch.ts"
import * as fighting from "../drift/fights.ts"
import type { Suspect } from "../kube/Suspect.ts"
import type { Beside } from "../pipeline/Lane.ts"
import type { RefusedNow } from "../pipeline/refusedNow.ts"
import type { Right } from "../pipeline/Rights.ts"
import type { Watched } from "../pipeline/Watched.ts"
import { Denials } from "./denials.ts"
import { findingOf, findingOfFight, withheld } from "./findings.ts"
import { Guests, isGuest, type Refused } from "./guests.ts"
import { type Hears, makeHealing, type Stand } from "./healing.ts"
import { makeHealRecord } from "./healRecord.ts"
import { suspicion } from "./suspicion.ts"

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
  const isNeeded = yield* Latch.make(false)
  const { apply: spec } = delivery.spec
  const { drift: mode, wait } = spec
  let stand: Stand | undefined
  const denials = new Denials(again, longest)
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

  const inventory = Effect.provide(Effect.andThen(record.save, inventories.load), rights)
  const tellPolled = Effect.flatMap(drift.polled, polls)
  const follow = Effect.flatMap(inventory, (owned) =>
    owns(owned).pipe(
      Effect.andThen(drift.follow(owned.entries, written)),
      // Only who has tried to watch knows what it may not.
      Effect.andThen(tellPolled)
    ))
  /** What a run has put right is told; it is judged anew, since it may have been taken again. */
  const resume = Effect.suspend(() => {
    const suspects = [...left.values()]
    left.clear()
    held.clear()
    if (suspects.length === 0) return drift.rejudge
    const findings = suspects.filter((one) => one.why !== "doubt" && !isGuest(one)).map((suspect) =>
      suspicion(suspect, spec, "healed")
    )
    const told = findings.length === 0 ? Effect.void : tell({ _tag: "DriftFound", findings })
    return Effect.all([told, drift.rejudge, drift.again(suspects.map(({ ref }) => ref))], { discard: true })
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
          ? [...left.values()].filter((suspect) => !isGuest(suspect) && !held.has(key(suspect.ref)))
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
        // What was denied may be let through by now, and the other way round.
        return Effect.andThen(drift.rejudge, drift.again(denials.refs))
      }),
    stands: (changeset, policies, gate) =>
      Effect.suspend(() => {
        stand = { bytes: apply.standing(changeset), policies, gate }
        const suspects = [...left.values()].map(({ ref }) => ref)
        left.clear()
        return Effect.andThen(drift.rejudge, drift.again(suspects))
      }),
    applied: (changeset, policies, gate) =>
      Effect.suspend(() => {
        stand = { bytes: apply.standing(changeset), policies, gate }
        denials.clear()
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

  const owe = (suspects: ReadonlyArray<Suspect>) => {
    for (const suspect of suspects) left.set(key(suspect.ref), suspect)
    return suspects.length === 0 ? Effect.void : isNeeded.open
  }

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
    const due = suspects.filter((suspect) => !waiting.includes(suspect))
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
    const refusedNow = strange.filter(({ suspect }) => !waiting.includes(suspect))
    const findings = [...guests.note(refusedNow, news.map(findingOf(mode))), ...kept]
    if (findings.length > 0) yield* tell({ _tag: "DriftFound", findings })
    yield* Effect.provide(record.saveSoon, rights)
    if (healed._tag === "Failure") {
      yield* Effect.logWarning(`${nameOf(delivery)}: drift is left to a run: ${healed.failure.message}`)
    }
    const others = healed._tag === "Failure"
      ? due.filter(({ ref }) => !done.some((one) => key(one.ref) === key(ref)))
      : healed.success
    failures = healed._tag === "Failure" ? failures + 1 : 0
    if (others.length === 0) return
    if (mode !== "heal") return yield* tell({ _tag: "DriftFound", findings: others.map((one) => suspicion(one, spec)) })
    yield* owe(others.filter((suspect) => !isGuest(suspect)))
    if (failures === 0) return
    // The newest revision may be one that is never applied: what memory can heal does not wait for it alone.
    const pause = Math.min(longest, again * 2 ** (failures - 1))
    yield* Effect.forkIn(later(drift, others.map(({ ref }) => ref), pause), scope)
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
    if (judged === undefined) return yield* Effect.forkIn(later(drift, suspects.map(({ ref }) => ref), again), scope)
    yield* putBack(mode === "heal" ? judged.map(({ suspect }) => suspect) : [], judged)
  })

  /** One after the other: what is judged is as the heal before left it. */
  const receive = Effect.gen(function*() {
    for (isReceiving = true; arrived.size > 0;) {
      const suspects = [...arrived.values()]
      arrived.clear()
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

  /** Asks for the runs that are needed; what no run puts right (it is denied, or fails) must not make it run on and on. */
  const asks = Effect.fnUntraced(function*({ ask }: Beside) {
    for (;;) {
      yield* isNeeded.await
      yield* isNeeded.close
      if (left.size === 0) continue
      yield* ask("drift")
      yield* Effect.sleep(again)
    }
  })

  const insist = Effect.gen(function*() {
    for (;;) {
      const followed = yield* Effect.result(follow)
      if (followed._tag === "Success") return yield* Effect.never
      yield* Effect.sleep(again)
    }
  })
  return {
    watched,
    rejudge: Effect.suspend(() => {
      const refs = [...held.values()]
      for (const ref of refs) left.delete(key(ref))
      held.clear()
      return refs.length === 0 ? Effect.void : drift.again(refs)
    }),
    beside: (lane) => {
      tell = lane.tell
      const known = [insist, Effect.forever(Effect.andThen(drift.moved, tellPolled))]
      return Effect.raceAllFirst(mode === "ignore" ? known : [...known, asks(lane), Effect.forever(turn)])
    }
  } satisfies Keeping
})

const later = (drift: DriftWatch, refs: ReadonlyArray<ObjectRef>, ms: number) =>
  Effect.andThen(Effect.sleep(ms), drift.again(refs))
