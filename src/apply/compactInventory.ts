import type { Inventory, InventoryEntry } from "../domain/Inventory.ts"

/** A string of its own: a part of a longer one would keep all of that in memory. */
const copy = (text: string): string => Buffer.from(text).toString()

/** The same inventory in as little memory as it needs: what many entries say alike is kept once. */
export const compact = (inventory: Inventory): Inventory => {
  const words = new Map<string, string>()
  const shared = (text: string): string => {
    const known = words.get(text)
    if (known !== undefined) return known
    const own = copy(text)
    words.set(own, own)
    return own
  }
  const entries = inventory.entries.map(({ apiVersion, digest, fingerprint, ref, uid }): InventoryEntry => ({
    ref: {
      group: shared(ref.group),
      kind: shared(ref.kind),
      namespace: shared(ref.namespace),
      name: copy(ref.name)
    },
    apiVersion: shared(apiVersion),
    ...digest === undefined ? {} : { digest },
    ...fingerprint === undefined ? {} : { fingerprint },
    ...uid === undefined ? {} : { uid }
  }))
  const { earlier } = inventory
  return { ...inventory, entries, ...earlier === undefined ? {} : { earlier: earlier.map(copy) } }
}
