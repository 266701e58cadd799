import type { InventoryEntry } from "./Inventory.ts"
import type { ObjectRef } from "./ObjectRef.ts"

/** What became of one object that looked taken. */
export interface Healed {
  readonly ref: ObjectRef
  /** `untouched`: nothing was wrong with it, or it is not ours to put right. */
  readonly action: "healed" | "recreated" | "untouched"
  /** Who it was. Several are separated by commas. */
  readonly manager: string
  /** What was put back or taken away, as people write it: `spec.template.spec.containers[name=app].image`. */
  readonly fields: ReadonlyArray<string>
  /** When managedFields say it was, RFC 3339. */
  readonly time: string | undefined
  /** What the inventory says from now on. */
  readonly entry: InventoryEntry
  /** Of the object as it was left; empty where it was not looked at. */
  readonly resourceVersion: string
}
