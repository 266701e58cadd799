import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import { Apply } from "../apply/Apply.ts"
import { InventoryStore } from "../apply/InventoryStore.ts"
import type { Standing } from "../apply/Standing.ts"
import type { PolicySet, Violation } from "../domain/Decision.ts"
import type { DecisionRecord } from "../domain/DecisionRecord.ts"
import type { Healed } from "../domain/Drift.ts"
import { key } from "../domain/ObjectRef.ts"
import { parse, type Revision } from "../domain/Revision.ts"
import type { Suspect } from "../kube/Suspect.ts"
import type { HealGate } from "../pipeline/HealGate.ts"
import { refusal, type RefusedNow } from "../pipeline/refusedNow.ts"
import type { Right } from "../pipeline/Rights.ts"
import { indexing, isOurWrite } from "./suspicion.ts"

/** What a run left in the cluster: its bytes, the policies that let them through, and who is asked before they are put back. */
export interface Stand {
  readonly bytes: Standing
  readonly policies: PolicySet
  readonly gate: HealGate
}

/** Told of what becomes of suspects. */
export interface Hears {
  readonly healed: (healed: Healed) => Effect.Effect<void>
  /** Of what policies keep as it is: what would have been put back, and why it is not. */
  readonly withheld: (healed: Healed, suspect: Suspect, why: string) => Effect.Effect<void>
  readonly decided: (revision: Revision | undefined, record: DecisionRecord) => Effect.Effect<void>
}

/** Heals what may be healed from memory now; answers what is left to a run, because its bytes are not at hand. */
export const makeHealing = Effect.fnUntraced(function*(delivery: Delivery, refused: RefusedNow) {
  const [apply, inventories] = [yield* Apply, yield* InventoryStore]
  const rights = yield* Effect.context<Right>()
  const entriesOf = indexing()
  const writes = delivery.spec.apply.drift === "heal"

  const healing = (
    suspects: ReadonlyArray<Suspect>,
    stand: Stand | undefined,
    hears: Hears
  ) =>
    Effect.gen(function*() {
      const owned = yield* inventories.load
      const entries = entriesOf(owned)
      const isAtHand = ({ ref }: Suspect) => stand?.bytes.get(key(ref))?.digest === entries.get(key(ref))?.digest
      const taken = suspects.filter((suspect) => !isOurWrite(suspect, entries.get(key(suspect.ref))))
      const left = taken.filter((suspect) => !isAtHand(suspect))
      if (stand === undefined) return left

      const { bytes, policies } = stand
      const atHand = taken.filter(isAtHand)
      const objects = atHand.flatMap(({ ref }) => bytes.get(key(ref)) ?? [])
      const now = writes && objects.length > 0 ? yield* refused(policies, objects, () => bytes.values()) : undefined
      const why = now?.why ?? new Map<string, ReadonlyArray<Violation>>()
      const gate = now === undefined ? stand.gate : stand.gate.renewed(now.judges)
      const admits = gate.admits?.((record) => hears.decided(owned.applied && parse(owned.applied.revision), record))
      const [free, refusing] = [false, true].map((is) => atHand.filter(({ ref }) => why.has(key(ref)) === is))
      if (free!.length > 0) {
        yield* Stream.runForEach(apply.heal(delivery, bytes, owned, free!, { writes, admits }), hears.healed)
      }
      if (refusing!.length > 0) {
        const suspectOf = new Map(refusing!.map((suspect) => [key(suspect.ref), suspect]))
        yield* Stream.runForEach(apply.heal(delivery, bytes, owned, refusing!, { writes: false }), (healed) => {
          const [suspect, violation] = [suspectOf.get(key(healed.ref)), why.get(key(healed.ref))?.[0]]
          return suspect && violation
            ? hears.withheld(healed, suspect, refusal(violation, " by now"))
            : Effect.void
        })
      }
      return left
    }).pipe(Effect.provide(rights))
  return healing
})
