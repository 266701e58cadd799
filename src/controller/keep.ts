import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { type Delivery, nameOf } from "../api/v1alpha1/Delivery.ts"
import { Apply } from "../apply/Apply.ts"
import { InventoryStore } from "../apply/InventoryStore.ts"
import type { Standing } from "../apply/Standing.ts"
import type { PolicySet } from "../domain/Decision.ts"
import type { DecisionRecord } from "../domain/DecisionRecord.ts"
import type { Healed } from "../domain/Drift.ts"
import type { DriftFinding } from "../domain/DriftReport.ts"
import type { Inventory } from "../domain/Inventory.ts"
import { key, type ObjectRef } from "../domain/ObjectRef.ts"
import { parse } from "../domain/Revision.ts"
import { uptime } from "../domain/uptime.ts"
import type { DriftWatch } from "../drift/DriftWatch.ts"
import * as fighting from "../drift/fights.ts"
import type { Suspect } from "../kube/Suspect.ts"
import { open } from "../pipeline/HealGate.ts"
import type { Beside } from "../pipeline/Lane.ts"
import type { RefusedNow } from "../pipeline/refusedNow.ts"
import type { Right } from "../pipeline/Rights.ts"
import type { Watched } from "../pipeline/Watched.ts"
import { Denials } from "./denials.ts"
import { findingOf, findingOfFight, withheld } from "./findings.ts"
import { makeHealRecord } from "./healRecord.ts"
import { indexing, isOurWrite, suspicion } from "./suspicion.ts"

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
  const record = yield* makeHealRecord(pen)
  const isNeeded = yield* Latch.make(false)
  const { apply: spec } = delivery.spec
  const { drift: mode, wait } = spec
  let standing: Standing | undefined
  let admittedBy: PolicySet | undefined
  let gate = open
  const denials = new Denials(again, longest)
  let fights = fighting.none
  let failures = 0
  /** At which versions the last run left what it wrote. */
  let written = new Map<string, string>()
  /** What only a run can put right. */
  const left = new Map<string, Suspect>()
  /** What policies keep from being put back: told once. */
  const held = new Map<string, ObjectRef>()
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
    if (suspects.length === 0) return Effect.void
    const findings = suspects.filter(({ why }) => why !== "doubt").map((suspect) => suspicion(suspect, spec, "healed"))
    const told = findings.length === 0 ? Effect.void : tell({ _tag: "DriftFound", findings })
    return Effect.andThen(told, drift.again(suspects.map(({ ref }) => ref)))
  })

  const watched: Watched = {
    rests: Effect.fnUntraced(function*(identity) {
      const { applied } = yield* inventory
      if (applied?.identity !== identity || (wait && !applied.healthy)) return false
      yield* follow
      return mode !== "heal" || (yield* drift.isQuiet)
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
        const suspects = standing === undefined ? [...left.values()].filter(({ ref }) => !held.has(key(ref))) : []
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
        gate = gate.renewed(judges)
        // What was denied may be let through by now.
        return drift.again(denials.refs)
      }),
    stands: (changeset, policies, heals) =>
      Effect.suspend(() => {
        standing = apply.standing(changeset)
        admittedBy = policies
        gate = heals
        const suspects = [...left.values()].map(({ ref }) => ref)
        left.clear()
        return drift.again(suspects)
      }),
    applied: (changeset, policies, heals) =>
      Effect.suspend(() => {
        standing = apply.standing(changeset)
        admittedBy = policies
        gate = heals
        denials.clear()
        return Effect.asVoid(Effect.forkIn(Effect.andThen(Effect.ignore(follow), resume), scope))
      })
  }

  const entriesOf = indexing()
  const decided = ({ applied }: Inventory) => (record: DecisionRecord) =>
    tell({ _tag: "PolicyDecided", revision: applied && parse(applied.revision), record })

  /** Heals what may be healed now; answers what is left to a run, because its bytes are not at hand. */
  const healNow = Effect.fnUntraced(function*(
    suspects: ReadonlyArray<Suspect>,
    found: (healed: Healed) => Effect.Effect<void>,
    withhold: (healed: Healed, suspect: Suspect, why: string) => void
  ) {
    const owned = yield* inventories.load
    const entries = entriesOf(owned)
    const bytes = standing
    const isAtHand = ({ ref }: Suspect) => bytes?.get(key(ref))?.digest === entries.get(key(ref))?.digest
    const taken = suspects.filter((suspect) => !isOurWrite(suspect, entries.get(key(suspect.ref))))
    const atHand = taken.filter(isAtHand)
    const objects = atHand.flatMap(({ ref }) => bytes?.get(key(ref)) ?? [])
    const now = mode === "heal" && admittedBy !== undefined && objects.length > 0
      ? yield* refused(admittedBy, objects, () => bytes?.values() ?? [])
      : undefined
    const why = now?.why ?? new Map<string, string>()
    if (now !== undefined) gate = gate.renewed(now.judges)
    const [healing, refusing] = [false, true].map((is) => atHand.filter(({ ref }) => why.has(key(ref)) === is))
    if (bytes !== undefined && healing!.length > 0) {
      yield* Stream.runForEach(
        apply.heal(delivery, bytes, owned, healing!, {
          writes: mode === "heal",
          admits: gate.admits?.(decided(owned))
        }),
        (healed) => found(healed)
      )
    }
    if (bytes !== undefined && refusing!.length > 0) {
      const suspectOf = new Map(refusing!.map((suspect) => [key(suspect.ref), suspect]))
      yield* Stream.runForEach(
        apply.heal(delivery, bytes, owned, refusing!, { writes: false }),
        (healed) =>
          Effect.sync(() => {
            const id = key(healed.ref)
            const suspect = suspectOf.get(id)
            if (suspect !== undefined) withhold(healed, suspect, why.get(id) ?? "")
          })
      )
    }
    return taken.filter((suspect) => !isAtHand(suspect))
  }, Effect.provide(rights))

  const noted = Effect.fnUntraced(function*(healed: Healed) {
    if (mode !== "heal" || healed.action === "denied") return
    left.delete(key(healed.ref))
    held.delete(key(healed.ref))
    record.note(healed.entry)
    yield* drift.wrote(healed.entry, healed.resourceVersion)
  })

  const turn = Effect.gen(function*() {
    // Taken while nobody writes: what a run writes is not suspect once its books are closed.
    yield* drift.stirred
    const suspects = yield* Semaphore.withPermit(pen, drift.take)
    if (suspects.length === 0) return
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
    const withhold = (healed: Healed, suspect: Suspect, why: string) => {
      const isNews = !held.has(key(healed.ref))
      left.set(key(healed.ref), suspect)
      held.set(key(healed.ref), healed.ref)
      if (isNews && healed.action !== "untouched") kept.push(withheld(findingOf("report")(healed), why))
    }
    const healed = yield* Effect.result(
      Semaphore.withPermit(pen, healNow(due, (one) => (done.push(one), noted(one)), withhold))
    )
    fights = fighting.healed(fights, done, yield* uptime)
    const { news, stays } = denials.note(done)
    for (const { pause, ref } of stays) yield* Effect.forkIn(later(drift, [ref], pause), scope)
    const findings = [...news.map(findingOf(mode)), ...kept]
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
    for (const suspect of others) left.set(key(suspect.ref), suspect)
    yield* isNeeded.open
    if (failures === 0) return
    // The newest revision may be one that is never applied: what memory can heal does not wait for it alone.
    const pause = Math.min(longest, again * 2 ** (failures - 1))
    yield* Effect.forkIn(later(drift, others.map(({ ref }) => ref), pause), scope)
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
