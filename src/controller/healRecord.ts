import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { Apply } from "../apply/Apply.ts"
import type { InventoryEntry } from "../domain/Inventory.ts"
import { key } from "../domain/ObjectRef.ts"
import type { ApplyError } from "../domain/StageError.ts"
import type { KubeStatus } from "../kube/KubeStatus.ts"

/** Fingerprints of heals are recorded together; what a crash loses costs a dry-run. */
const batch = "1 second"

/** What heals left, until it stands in the inventory. */
export interface HealRecord {
  readonly note: (entry: InventoryEntry) => void
  /** Records all that was noted, by one save. */
  readonly save: Effect.Effect<void, ApplyError, KubeStatus>
  /** The same, within a second and in the background: nothing waits for it. */
  readonly saveSoon: Effect.Effect<void, never, KubeStatus>
}

/** Saves what is left when the scope closes. `pen` is held by who keeps the same books: never both at once. */
export const makeHealRecord = Effect.fnUntraced(function*(
  pen: Semaphore.Semaphore
): Effect.fn.Return<HealRecord, never, Apply | KubeStatus | Scope.Scope> {
  const apply = yield* Apply
  const scope = yield* Effect.scope
  const unrecorded = new Map<string, InventoryEntry>()
  let isDue = false

  const save = Effect.suspend(() => {
    if (unrecorded.size === 0) return Effect.void
    const entries = [...unrecorded.values()]
    const forget = (entry: InventoryEntry) => {
      // Healed again meanwhile: that is still to be recorded.
      if (unrecorded.get(key(entry.ref)) === entry) unrecorded.delete(key(entry.ref))
    }
    return Effect.andThen(apply.recordHealed(entries), Effect.sync(() => entries.forEach(forget)))
  })
  const saveSoon = Effect.suspend(() => {
    if (isDue || unrecorded.size === 0) return Effect.void
    isDue = true
    return Effect.sleep(batch).pipe(
      Effect.andThen(Effect.sync(() => isDue = false)),
      Effect.andThen(Semaphore.withPermit(pen, Effect.ignore(save))),
      Effect.forkIn(scope),
      Effect.asVoid
    )
  })
  yield* Effect.addFinalizer(() => Effect.ignore(Effect.timeoutOption(save, batch)))
  return { note: (entry) => void unrecorded.set(key(entry.ref), entry), save, saveSoon }
})
