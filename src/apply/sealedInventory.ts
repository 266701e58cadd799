import type { Inventory, InventoryEntry } from "../domain/Inventory.ts"
import { isSecret, key } from "../domain/ObjectRef.ts"
import { isSealed, seal, unseal } from "./seal.ts"

/** Whether an inventory says anything from which a value of a Secret could be guessed. */
export const hasSecrets = (inventory: Inventory): boolean => inventory.entries.some(({ ref }) => isSecret(ref))

const withDigest = (entry: InventoryEntry, digest: string | undefined): InventoryEntry => {
  const { digest: _, ...rest } = entry
  return digest === undefined ? rest : { ...rest, digest }
}

/** Of the run as well: its digests are of files, and one of those may hold nothing but a Secret. */
const mapDigests = (inventory: Inventory, change: (text: string, context: string) => string | undefined): Inventory => {
  if (!hasSecrets(inventory)) return inventory
  const { applied } = inventory
  const entries = inventory.entries.map((entry) =>
    isSecret(entry.ref) && entry.digest !== undefined ? withDigest(entry, change(entry.digest, key(entry.ref))) : entry
  )
  if (applied === undefined) return { ...inventory, entries }
  const closure = change(applied.closure, "closure") ?? ""
  const identity = change(applied.identity, "identity") ?? ""
  return { ...inventory, entries, applied: { ...applied, closure, identity } }
}

/** As it is kept: anybody who may read ConfigMaps may read it. Without a key the digests are left out. */
export const sealed = (inventory: Inventory, secret: Uint8Array | undefined): Inventory =>
  mapDigests(inventory, (text, context) => secret === undefined ? undefined : seal(text, secret, context))

/** As it was before. What this key did not seal is left out: it costs a dry-run, no more. */
export const unsealed = (inventory: Inventory, secret: Uint8Array | undefined): Inventory =>
  mapDigests(
    inventory,
    (text, context) => secret === undefined || !isSealed(text) ? undefined : unseal(text, secret, context)
  )
