import * as Effect from "effect/Effect"
import type { Standing, Stood } from "../apply/Standing.ts"
import { digest } from "../domain/digest.ts"
import type { DriftFinding } from "../domain/DriftReport.ts"
import { graft, told } from "../domain/fieldPaths.ts"
import type { JsonObject } from "../domain/Json.ts"
import { key } from "../domain/ObjectRef.ts"
import { guestFields, guests, ours } from "../domain/stale.ts"
import { KubeReader } from "../kube/KubeReader.ts"
import { liveMetadata } from "../kube/liveMetadata.ts"
import type { Suspect } from "../kube/Suspect.ts"
import { refusal, type RefusedNow } from "../pipeline/refusedNow.ts"
import type { Stand } from "./healing.ts"

/** An object in which controllers, or other tools, hold something that policies refuse. */
export interface Refused {
  /** As it was read, with whose additions are not wanted. */
  readonly suspect: Suspect
  /** What is told of it where it stays as it is. */
  readonly finding: DriftFinding
}

/** An object with its guests. */
interface Seen {
  readonly managers: ReadonlyArray<string>
  /** What policies judge: the object as it was let through, with what these hold in it. */
  readonly document: (managers: ReadonlyArray<string>) => Stood
  readonly refused: (unwanted: ReadonlyArray<string>, why: string) => Refused
}

/** So many objects are read at once: nobody waits for it. */
const concurrency = 4

/** A suspect with nothing against it but what controllers hold inside. */
export const isGuest = ({ why }: Suspect): boolean => why === "unjudged"

/** One suspect as it is: what guests that are not allowed hold in it, by who holds it. */
const look = Effect.fnUntraced(function*(suspect: Suspect, bytes: Standing, allowed: ReadonlyArray<string>) {
  const { apiVersion, ref } = suspect
  const stood = bytes.get(key(ref))
  const object = stood && (yield* (yield* KubeReader).get(apiVersion, ref))
  if (stood === undefined || object === undefined) return []
  const live = liveMetadata(apiVersion, ref.kind, object)
  const strange = guests(live.managedFields).filter(({ manager }) => !allowed.includes(manager))
  const own = ours(live.managedFields)
  const held = (managers: ReadonlyArray<string>) =>
    guestFields(live.managedFields.filter((entry) => entry === own || managers.includes(entry.manager)))
  const seen: Seen = {
    managers: [...new Set(strange.map(({ manager }) => manager))].filter((manager) => held([manager]).size > 0),
    document: (managers) => {
      const json = JSON.stringify(graft(JSON.parse(stood.json) as JsonObject, object, held(managers)))
      return { ...stood, json, digest: digest(stood.digest, json) }
    },
    refused: (unwanted, why) => ({
      suspect: { ...suspect, live, unwanted },
      finding: {
        object: ref,
        manager: unwanted.join(", "),
        fields: told(held(unwanted)),
        time: strange.flatMap(({ manager, time = "" }) => unwanted.includes(manager) ? time : []).sort().at(-1),
        action: "reported",
        why
      }
    })
  }
  return seen.managers.length === 0 ? [] : [seen]
})

/** What controllers and other tools hold inside the objects of a delivery, as far as policies refuse it. */
export class Guests {
  readonly #refused: RefusedNow
  readonly #allowed: ReadonlyArray<string>
  /** Why it is refused, by object: told once. */
  readonly #known = new Map<string, string>()

  readonly #delivery: string

  /** `delivery` is its name; what managers that are `allowed` hold is not looked at. */
  constructor(delivery: string, refused: RefusedNow, allowed: ReadonlyArray<string>) {
    this.#delivery = delivery
    this.#refused = refused
    this.#allowed = allowed
  }

  /**
   * Asks the policies about objects as they are with what was added, and answers what is refused only because of that.
   * What the API server fills in by itself is not judged: no author can change it. Undefined where it cannot be told now.
   */
  readonly judge = (suspects: ReadonlyArray<Suspect>, stand: Stand) =>
    this.#judge(suspects, stand).pipe(
      Effect.catch(({ message }) =>
        Effect.as(Effect.logWarning(`${this.#delivery}: what others hold inside is not judged: ${message}`), undefined)
      )
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

  readonly #judge = Effect.fnUntraced(
    { self: this },
    function*(this: Guests, suspects: ReadonlyArray<Suspect>, { bytes, policies }: Stand) {
      const ask = (objects: ReadonlyArray<Stood>) => this.#refused(policies, objects, () => bytes.values())
      const bare = yield* ask(suspects.flatMap(({ ref }) => bytes.get(key(ref)) ?? []))
      if (!bare.asks) return []
      const seen = yield* Effect.forEach(suspects, (suspect) => look(suspect, bytes, this.#allowed), { concurrency })
      const all = new Map(seen.flat().map((one) => [one.document(one.managers), one]))
      const { why } = yield* ask([...all.keys()])
      for (const { ref } of suspects) if (!why.has(key(ref))) this.#known.delete(key(ref))
      const found: Array<Refused> = []
      for (const [{ ref }, one] of all) {
        const violation = bare.why.has(key(ref)) ? undefined : why.get(key(ref))
        if (violation === undefined) continue
        // Whose additions would be let through alone may stay; where it takes several, all of them go.
        const alone = one.managers.length === 1
          ? one.managers
          : yield* Effect.filter(
            one.managers,
            (name) => Effect.map(ask([one.document([name])]), ({ why }) => why.size > 0)
          )
        found.push(one.refused(alone.length === 0 ? one.managers : alone, refusal(violation)))
      }
      return found
    }
  )
}
