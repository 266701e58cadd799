import { unknownManager } from "../domain/DriftReport.ts"
import type { DriftFinding } from "../domain/DriftReport.ts"
import type { Inventory, InventoryEntry } from "../domain/Inventory.ts"
import { key } from "../domain/ObjectRef.ts"
import { fieldManager, fingerprint } from "../domain/ownership.ts"
import type { Suspect } from "../kube/Suspect.ts"

/** What can be told of a suspect without looking further: who wrote last, as far as managedFields say. */
export const suspicion = (
  { live, ref, why }: Suspect,
  action: DriftFinding["action"] = "reported"
): DriftFinding => {
  const others = why === "gone" ?
    [] :
    (live?.managedFields ?? []).filter(({ manager, subresource }) =>
      manager !== fieldManager && subresource !== "status"
    )
  const last = others.toSorted((a, b) => (a.time ?? "").localeCompare(b.time ?? "")).at(-1)
  return { object: ref, manager: last?.manager ?? unknownManager, fields: [], time: last?.time, action }
}

/** Whether it looked taken only because a run was writing it, and is now as that run left it. */
export const isOurWrite = ({ live, why }: Suspect, entry: InventoryEntry | undefined): boolean =>
  why === "changed" && live !== undefined && live.uid === entry?.uid &&
  fingerprint(live.managedFields) === entry.fingerprint

/** The entries of an inventory by their keys: of 10,000 objects, not made anew for each heal. */
export const indexing = (): (inventory: Inventory) => ReadonlyMap<string, InventoryEntry> => {
  let known: { readonly inventory: Inventory; readonly entries: ReadonlyMap<string, InventoryEntry> } | undefined
  return (inventory) => {
    if (known?.inventory !== inventory) {
      known = { inventory, entries: new Map(inventory.entries.map((entry) => [key(entry.ref), entry])) }
    }
    return known.entries
  }
}
