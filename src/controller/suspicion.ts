import * as Effect from "effect/Effect"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import { type DriftFinding, unknownManager } from "../domain/DriftReport.ts"
import { members, parents, told } from "../domain/fieldPaths.ts"
import { pointersFor } from "../domain/ignored.ts"
import type { Inventory, InventoryEntry } from "../domain/Inventory.ts"
import { key } from "../domain/ObjectRef.ts"
import { fieldManager, fingerprint } from "../domain/ownership.ts"
import { beyond, ours, stale } from "../domain/stale.ts"
import { KubeReader, type LiveMetadata } from "../kube/KubeReader.ts"
import { liveMetadata } from "../kube/liveMetadata.ts"
import type { Suspect } from "../kube/Suspect.ts"

/** What of an object is left to whom. */
type Leaves = Pick<Delivery["spec"]["apply"], "allowManagers" | "ignore">

/**
 * What somebody holds inside an object who may hold nothing there: a person. Of controllers nobody can tell what was ours
 * before; nor of an object of which something is left to others, since only its manifest says where that is.
 */
const heldBy = ({ managedFields, ref }: LiveMetadata, manager: string, { allowManagers, ignore }: Leaves) => {
  if (pointersFor(ignore)(ref).length > 0) return []
  const own = members(ours(managedFields)?.fieldsV1)
  const maps = parents(own)
  const held = stale(managedFields, { allowed: allowManagers })
    .filter((entry) => entry.manager === manager)
    .flatMap((entry) => Array.from(beyond(entry)))
  return told(new Map(held.filter(([id]) => !own.has(id) && !maps.has(id))))
}

/** What can be told of a suspect without looking further: who wrote last, and what, as far as managedFields say. */
export const suspicion = (
  { live, ref, why }: Suspect,
  leaves: Leaves,
  action: DriftFinding["action"] = "reported"
): DriftFinding => {
  const others = why === "gone" ?
    [] :
    (live?.managedFields ?? []).filter(({ manager, subresource }) =>
      manager !== fieldManager && subresource !== "status"
    )
  const last = others.toSorted((a, b) => (a.time ?? "").localeCompare(b.time ?? "")).at(-1)
  const fields = live === undefined || last === undefined ? [] : heldBy(live, last.manager, leaves)
  const isThere = fields.length === 0 && why !== "gone"
  return {
    object: ref,
    manager: last?.manager ?? unknownManager,
    fields,
    ...isThere ? { isThere } : {},
    time: last?.time,
    action
  }
}

/** A suspect with who owns what in it: one that was taken before it was watched has to be asked for. */
export const looked = Effect.fnUntraced(function*(suspect: Suspect) {
  const { apiVersion, live, ref, why } = suspect
  if (live !== undefined || why === "gone") return suspect
  const object = yield* Effect.orElseSucceed((yield* KubeReader).get(apiVersion, ref), () => undefined)
  return object === undefined ? suspect : { ...suspect, live: liveMetadata(apiVersion, ref.kind, object) }
})

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
