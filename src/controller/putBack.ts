import * as Effect from "effect/Effect"
import { type Delivery, nameOf } from "../api/v1alpha1/Delivery.ts"
import type { Healed } from "../domain/Drift.ts"
import type { DriftFinding } from "../domain/DriftReport.ts"
import { key, type ObjectRef } from "../domain/ObjectRef.ts"
import { classOf, type StageError } from "../domain/StageError.ts"
import { uptime } from "../domain/uptime.ts"
import type { DriftWatch } from "../drift/DriftWatch.ts"
import * as fighting from "../drift/fights.ts"
import type { Suspect } from "../kube/Suspect.ts"
import { Denials } from "./denials.ts"
import { findingOf, findingOfFight, withheld } from "./findings.ts"
import { type Guests, isGuest, type Refused } from "./guests.ts"
import type { Hears, Stand } from "./healing.ts"
import type { HealRecord } from "./healRecord.ts"
import { Stubborn } from "./Stubborn.ts"
import { suspicion } from "./suspicion.ts"

/** What is known between the runs of a delivery about what they left, and what is to be done about it. */
export interface Books {
  stand: Stand | undefined
  /** What only a run can put right. */
  readonly left: Map<string, Suspect>
  /** What is kept from being put back: told once. */
  readonly held: Map<string, ObjectRef>
}

export interface Options {
  readonly delivery: Delivery
  readonly drift: DriftWatch
  readonly books: Books
  /** Heals, while nobody else writes; answers what is left to a run. */
  readonly healing: (due: ReadonlyArray<Suspect>, hears: Hears) => Effect.Effect<ReadonlyArray<Suspect>, StageError>
  readonly guests: Guests
  readonly record: { readonly note: HealRecord["note"]; readonly saveSoon: Effect.Effect<void> }
  readonly tell: (findings: ReadonlyArray<DriftFinding>) => Effect.Effect<void>
  readonly decided: Hears["decided"]
  /** Leaves suspects to the next run, and asks for it. */
  readonly owe: (suspects: ReadonlyArray<Suspect>) => Effect.Effect<void>
  /** The same suspects with who took them, as far as it can be seen. */
  readonly lookedAt: (suspects: ReadonlyArray<Suspect>) => Effect.Effect<ReadonlyArray<Suspect>>
}

/** How many milliseconds before something that could not be read, or healed, is tried again; healing ever more slowly. */
export const again = 10_000
const longest = 5 * 60_000

/** Puts back what may be put back now, unless somebody fights about it; what cannot be is told, and waits. */
export const makePutBack = Effect.fnUntraced(function*(options: Options) {
  const { books, decided, delivery, drift, guests, healing, lookedAt, owe, record, tell } = options
  const { apply: spec } = delivery.spec
  const heals = spec.drift === "heal"
  const scope = yield* Effect.scope
  const denials = new Denials(again, longest)
  const stubborn = new Stubborn(again, longest)
  let fights = fighting.none
  let failures = 0

  const later = (ref: ObjectRef, ms: number) =>
    Effect.forkIn(Effect.andThen(Effect.sleep(ms), drift.again([ref])), scope)
  const digestOf = (id: string) => books.stand?.bytes.get(id)?.digest

  const noted = Effect.fnUntraced(function*(healed: Healed) {
    if (!heals || healed.action === "denied") return
    books.left.delete(key(healed.ref))
    books.held.delete(key(healed.ref))
    record.note(healed.entry)
    yield* drift.wrote(healed.entry, healed.resourceVersion)
  })

  /** Puts off what could not be put back; answers what a run is to try. */
  const putOff = Effect.fnUntraced(function*(others: ReadonlyArray<Suspect>, failure: StageError, now: number) {
    yield* Effect.logWarning(`${nameOf(delivery)}: drift is left to a run: ${failure.message}`)
    const passes = classOf(failure) === "transient"
    failures = passes ? failures + 1 : 0
    const owed: Array<Suspect> = []
    const stays: Array<DriftFinding> = []
    for (const suspect of others) {
      // The newest revision may be one that is never applied: what memory can heal does not wait for it alone.
      const { pause, times } = passes
        ? { times: 1, pause: Math.min(longest, again * 2 ** (failures - 1)) }
        : stubborn.failed(suspect.ref, digestOf(key(suspect.ref)), now)
      yield* later(suspect.ref, pause)
      if (times > 1 || isGuest(suspect)) continue
      owed.push(suspect)
      if (!passes) stays.push({ ...suspicion(suspect, spec), why: failure.message })
    }
    return { owed, stays }
  })

  return {
    /** `strange` is what policies refuse of what others hold inside. */
    putBack: Effect.fnUntraced(function*(suspects: ReadonlyArray<Suspect>, strange: ReadonlyArray<Refused> = []) {
      const now = yield* uptime
      fights = fighting.taken(fights, suspects.map(({ ref }) => ref), now)
      const waiting = suspects.filter(({ ref }) => heals && fighting.waitOf(fights, ref, now) > 0)
      for (const { ref } of waiting) yield* later(ref, fighting.waitOf(fights, ref, now))
      yield* tell(waiting.flatMap(({ ref }) => findingOfFight(fights, ref)))
      const due = suspects.filter((one) => !waiting.includes(one) && !(heals && stubborn.waits(one.ref, now)))
      const done: Array<Healed> = []
      const kept: Array<DriftFinding> = []
      const healed = yield* Effect.result(healing(due, {
        healed: (healed) => (done.push(healed), noted(healed)),
        withheld: (healed, suspect, why) =>
          Effect.sync(() => {
            const isNews = !books.held.has(key(healed.ref))
            books.left.set(key(healed.ref), suspect)
            books.held.set(key(healed.ref), healed.ref)
            if (isNews && healed.action !== "untouched") kept.push(withheld(findingOf("report")(healed), why))
          }),
        decided
      }))
      const over = yield* uptime
      fights = fighting.healed(fights, done, over)
      const { news, stays } = denials.note(done)
      for (const { pause, ref } of stays) yield* later(ref, pause)
      for (const { ref } of done) stubborn.healed(ref)

      const others = healed._tag === "Success"
        ? healed.success
        : due.filter(({ ref }) => !done.some((one) => key(one.ref) === key(ref)))
      if (healed._tag === "Success") failures = 0
      const put = healed._tag === "Failure" && heals
        ? yield* putOff(others, healed.failure, over)
        : { owed: others.filter((one) => !isGuest(one)), stays: [] }
      const refused = strange.filter(({ suspect }) => suspect === undefined || !heals || due.includes(suspect))
      yield* tell([...guests.note(refused, news.map(findingOf(spec.drift))), ...kept, ...put.stays])
      yield* record.saveSoon
      if (heals) return yield* owe(put.owed)
      yield* tell((yield* lookedAt(others)).map((one) => suspicion(one, spec)))
    }),
    /** What rules on changesets keep as it is: others may let it through. */
    denied: (): ReadonlyArray<ObjectRef> => denials.refs,
    /** Other bytes stand. */
    stands: () => {
      denials.clear()
      stubborn.stands(digestOf)
    }
  }
})
