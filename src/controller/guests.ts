import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Standing, Stood } from "../apply/Standing.ts"
import type { Violation } from "../domain/Decision.ts"
import { digest } from "../domain/digest.ts"
import type { DriftFinding } from "../domain/DriftReport.ts"
import { type FieldSet, graft, isTooMuch, told, units } from "../domain/fieldPaths.ts"
import { leavesField } from "../domain/ignored.ts"
import type { JsonObject } from "../domain/Json.ts"
import { display, key, type ObjectRef } from "../domain/ObjectRef.ts"
import { beyond, guestFields, isGuest as isGuestEntry, ours } from "../domain/stale.ts"
import { KubeReader } from "../kube/KubeReader.ts"
import { liveMetadata } from "../kube/liveMetadata.ts"
import type { Suspect } from "../kube/Suspect.ts"
import { refusal, type RefusedNow } from "../pipeline/refusedNow.ts"
import type { Stand } from "./healing.ts"

/** An object in which controllers, or other tools, hold something that policies refuse. */
export interface Refused {
  /** As it was read, with the fields that are not wanted; undefined where none of them can be taken away. */
  readonly suspect: Suspect | undefined
  /** What is told of it where it stays as it is. */
  readonly finding: DriftFinding
}

/** An object with its guests. */
interface Seen {
  readonly ref: ObjectRef
  readonly fields: FieldSet
  /** What policies judge: the object as it was let through, with these fields. */
  readonly document: (fields: FieldSet) => Stood
  readonly refused: (fields: FieldSet, why: string) => Refused
}

/** So many objects are read at once: nobody waits for it. */
const concurrency = 4

/** A suspect with nothing against it but what controllers hold inside. */
export const isGuest = ({ why }: Suspect): boolean => why === "unjudged"

const union = (sets: ReadonlyArray<FieldSet>): FieldSet => new Map(sets.flatMap((set) => [...set]))

/** One suspect as it is. Nothing, where nobody else holds anything that the Delivery does not leave to others. */
const lookAt = Effect.fnUntraced(function*(suspect: Suspect, bytes: Standing, allowed: ReadonlyArray<string>) {
  const { apiVersion, ref } = suspect
  const stood = bytes.get(key(ref))
  if (stood === undefined || stood.policy === "Ignore" || stood.policy === "IfNotPresent") return undefined
  const object = yield* (yield* KubeReader).get(apiVersion, ref)
  if (object === undefined) return undefined
  const live = liveMetadata(apiVersion, ref.kind, object)
  const own = ours(live.managedFields)
  const strange = live.managedFields.filter((entry) => isGuestEntry(entry) && !allowed.includes(entry.manager))
  const wanted = JSON.parse(stood.json) as JsonObject
  const isLeft = leavesField({ ...stood, object: wanted })
  const fields = new Map(
    [...guestFields(own === undefined ? strange : [own, ...strange])].filter(([, path]) => !isLeft(path))
  )
  const seen: Seen = {
    ref,
    fields,
    document: (some) => {
      const json = JSON.stringify(graft(wanted, object, some))
      return { ...stood, json, digest: digest(stood.digest, json) }
    },
    refused: (some, why) => {
      const unwanted = new Set(some.keys())
      const holders = strange.filter((entry) => beyond(entry, { unwanted, isLeft }).size > 0)
      const others = holders.length > 0 ? holders : strange
      return {
        suspect: holders.length === 0 ? undefined : { ...suspect, live, unwanted },
        finding: {
          object: ref,
          manager: [...new Set(others.map(({ manager }) => manager))].join(", "),
          fields: told(some),
          time: others.flatMap(({ time }) => time ?? []).sort().at(-1),
          action: "reported",
          why
        }
      }
    }
  }
  if (strange.some(({ fieldsV1 }) => isTooMuch(fieldsV1))) {
    return seen.refused(new Map(), "it holds more than is judged")
  }
  return fields.size === 0 ? undefined : seen
})

const textOf = ({ bundle, message, policy }: Violation): string => JSON.stringify([bundle.name, policy, message])

/** What controllers and other tools hold inside the objects of a delivery, as far as policies refuse it. */
export class Guests {
  readonly #refused: RefusedNow
  readonly #allowed: ReadonlyArray<string>
  readonly #delivery: string
  /** Why it is refused, by object: told once. */
  readonly #known = new Map<string, string>()

  /** `delivery` is its name; what managers that are `allowed` hold is not looked at. */
  constructor(delivery: string, refused: RefusedNow, allowed: ReadonlyArray<string>) {
    this.#delivery = delivery
    this.#refused = refused
    this.#allowed = allowed
  }

  /**
   * Asks the policies about objects as they are with what was added, and answers what is refused only because of that, in
   * as few fields as it takes. What the API server fills in by itself is not judged: no author can change it. `again` are
   * those that could not be told now.
   */
  readonly judge = Effect.fnUntraced(
    { self: this },
    function*(this: Guests, suspects: ReadonlyArray<Suspect>, stand: Stand) {
      const judged = yield* Effect.result(this.#judge(suspects, stand))
      if (Result.isSuccess(judged)) return judged.success
      yield* this.#warn(judged.failure.message)
      return { refused: [], again: suspects.map(({ ref }) => ref) }
    }
  )

  /** What is to be told of what was refused, and of what heals made of it: each thing that stays once. */
  note(refused: ReadonlyArray<Refused>, healed: ReadonlyArray<DriftFinding>): ReadonlyArray<DriftFinding> {
    const found = new Map(refused.map(({ finding }) => [key(finding.object), finding]))
    const gone = new Set(healed.map(({ object }) => key(object)))
    const news = [...found].flatMap(([id, finding]) => {
      const isNews = !gone.has(id) && this.#known.get(id) !== finding.why
      if (gone.has(id)) this.#known.delete(id)
      else this.#known.set(id, finding.why ?? "")
      return isNews ? [finding] : []
    })
    return [...healed.map((one) => ({ ...one, why: one.why ?? found.get(key(one.object))?.why })), ...news]
  }

  readonly #warn = (why: string) =>
    Effect.logWarning(`${this.#delivery}: what others hold inside is not judged: ${why}`)

  readonly #judge = Effect.fnUntraced(
    { self: this },
    function*(this: Guests, suspects: ReadonlyArray<Suspect>, { bytes, policies }: Stand) {
      const ask = (objects: ReadonlyArray<Stood>) => this.#refused(policies, objects, () => bytes.values())
      const bare = yield* ask(suspects.flatMap(({ ref }) => bytes.get(key(ref)) ?? []))
      const again: Array<ObjectRef> = []
      const refused: Array<Refused> = []
      if (!bare.asks) return { refused, again }
      /** What is refused of an object with these fields, and was not without. */
      const whyOf = (one: Seen, why: ReadonlyMap<string, ReadonlyArray<Violation>>) => {
        const before = new Set(bare.why.get(key(one.ref))?.map(textOf))
        return why.get(key(one.ref))?.find((violation) => !before.has(textOf(violation)))
      }
      /** The fewest parts that are refused each by itself; where it takes several together, all of them. */
      const least = (one: Seen, parts: ReadonlyArray<FieldSet>): Effect.Effect<ReadonlyArray<FieldSet>, AskError> =>
        parts.length < 2 ? Effect.succeed(parts) : Effect.gen(function*() {
          const found: Array<FieldSet> = []
          for (const half of [parts.slice(0, parts.length / 2), parts.slice(parts.length / 2)]) {
            const { why } = yield* ask([one.document(union(half))])
            if (whyOf(one, why) !== undefined) found.push(...(yield* least(one, half)))
          }
          return found.length === 0 ? parts : found
        })
      const seen: Array<Seen> = []
      const look = (suspect: Suspect) => Effect.result(lookAt(suspect, bytes, this.#allowed))
      for (const [index, looked] of (yield* Effect.forEach(suspects, look, { concurrency })).entries()) {
        const { ref } = suspects[index]!
        if (Result.isSuccess(looked)) {
          if (looked.success === undefined) continue
          if ("finding" in looked.success) refused.push(looked.success)
          else seen.push(looked.success)
          continue
        }
        // Who may not read it may not tomorrow; all else may be otherwise soon.
        if (looked.failure.status !== 403) again.push(ref)
        yield* this.#warn(`${display(ref)}: ${looked.failure.detail}`)
      }

      const { why } = yield* ask(seen.map((one) => one.document(one.fields)))
      for (const one of seen) {
        const violation = whyOf(one, why)
        if (violation === undefined) this.#known.delete(key(one.ref))
        else refused.push(one.refused(union(yield* least(one, units(one.fields))), refusal(violation)))
      }
      return { refused, again }
    }
  )
}

type AskError = Effect.Error<ReturnType<RefusedNow>>
