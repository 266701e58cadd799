import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { Changeset } from "../domain/Changeset.ts"
import { appliedBefore, type Inventory, type InventoryEntry } from "../domain/Inventory.ts"
import { canonical } from "../domain/Json.ts"
import { key, type ObjectRef } from "../domain/ObjectRef.ts"
import { parse } from "../domain/Revision.ts"
import type { InventoryStore } from "./InventoryStore.ts"

/** The inventory while a changeset is applied: always at least what is in the cluster. */
export interface Ledger {
  /** Notes a write; saved with the next flush. */
  readonly written: (entry: InventoryEntry) => void
  readonly removed: (ref: ObjectRef) => void
  /** Saves what was noted since. What is being saved is not cut short, and saves never overtake each other. */
  readonly flush: Effect.Effect<void, LedgerError, LedgerServices>
  /** Saves what is left once everything is applied, if it differs from what was saved last. */
  readonly close: (
    applied: NonNullable<Inventory["applied"]>,
    healthyObjects: number | undefined,
    policies: Inventory["policies"]
  ) => Effect.Effect<void, LedgerError, LedgerServices>
}

type Save = InventoryStore["Service"]["save"]
type LedgerError = Effect.Error<ReturnType<Save>>
type LedgerServices = Effect.Services<ReturnType<Save>>

/** What an inventory says about a rendered object before the first write: of one that will be written, only that it is. */
const ahead = (changeset: Changeset, before: ReadonlyMap<string, InventoryEntry>): ReadonlyArray<InventoryEntry> =>
  changeset.changes.flatMap(({ action, apiVersion, live, manifest, ref }) => {
    const known = before.get(key(ref))
    if (manifest === undefined) return []
    if (action !== "unchanged") return [{ ref, apiVersion, ...known?.uid === undefined ? {} : { uid: known.uid } }]
    if (live === undefined) return known === undefined ? [] : [known]
    return [{ ref, apiVersion, digest: manifest.digest, fingerprint: live.fingerprint, uid: live.uid }]
  })

/** Opens the books of one apply: what was there and what will be, saved before the first write. */
export const open = Effect.fnUntraced(function*(
  inventory: Inventory,
  changeset: Changeset,
  options: { readonly prune: boolean; readonly save: Save }
) {
  const before = new Map(inventory.entries.map((entry) => [key(entry.ref), entry]))
  const entries = new Map(ahead(changeset, before).map((entry) => [key(entry.ref), entry]))
  const deleted = new Set(changeset.changes.filter(({ action }) => action === "delete").map(({ ref }) => key(ref)))
  const stale = [...before].filter(([id]) => !entries.has(id))
  for (const [id, entry] of stale) entries.set(id, entry)
  const lock = yield* Semaphore.make(1)
  let dirty = changeset.changes.some(({ action }) => action !== "unchanged" && action !== "delete")
  let saved: Inventory | undefined = inventory
  // From the first write on, what stands there is no revision whole: who comes back to that one has all looked at anew.
  const begun = inventory.applied === undefined || changeset.changes.every(({ action }) => action === "unchanged")
    ? inventory
    : { ...inventory, applied: { ...inventory.applied, identity: "" } }
  const current = (): Inventory => ({ ...begun, entries: [...entries.values()] })
  const save = (next: Inventory) =>
    Effect.suspend(() => {
      // Until the cluster answers, nobody knows what is there.
      saved = undefined
      return Effect.tap(options.save(next), () => Effect.sync(() => saved = next))
    })

  const flush = Effect.suspend(() => {
    if (!dirty) return Effect.void
    dirty = false
    return Effect.onError(save(current()), () =>
      Effect.sync(() => {
        dirty = true
      }))
  }).pipe(Semaphore.withPermit(lock), Effect.uninterruptible)
  yield* flush

  const ledger: Ledger = {
    written: (entry) => {
      entries.set(key(entry.ref), entry)
      dirty = true
    },
    removed: (ref) => {
      entries.delete(key(ref))
      dirty = true
    },
    flush,
    close: (applied, healthyObjects, policies) =>
      Effect.suspend(() => {
        // Without pruning, what is stale stays ours; with it, what was not deleted is not ours (any more).
        if (options.prune) { for (const [id] of stale) if (!deleted.has(id)) entries.delete(id) }
        const earlier = appliedBefore(inventory, parse(applied.revision))
        const last = {
          ...current(),
          applied,
          ...earlier.length === 0 ? {} : { earlier },
          ...policies === undefined ? {} : { policies },
          ...healthyObjects === undefined ? {} : { healthyObjects }
        }
        dirty = false
        return saved !== undefined && canonical(last) === canonical(saved) ? Effect.void : save(last)
      }).pipe(Semaphore.withPermit(lock), Effect.uninterruptible)
  }
  return ledger
})
