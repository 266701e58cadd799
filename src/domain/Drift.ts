import type * as Effect from "effect/Effect"
import type { InventoryEntry } from "./Inventory.ts"
import type { Manifest } from "./Manifest.ts"
import type { ObjectRef } from "./ObjectRef.ts"

/** What became of one object that looked taken. */
export interface Healed {
  readonly ref: ObjectRef
  /** `untouched`: nothing was wrong with it, or it is not ours to put right. `denied`: policies keep it as it is. */
  readonly action: "healed" | "recreated" | "untouched" | "denied"
  /** What denies it. */
  readonly why?: string
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

/** Why an object is not put back: what denies it, and what stays as it is. */
export interface HealDenial {
  readonly why: string
  readonly manager: string
  readonly fields: ReadonlyArray<string>
}

/** Asks whether an object may be put back; undefined: it may. `takesMore`: also what people own inside it goes away. */
export type Admits<E, R> = (manifest: Manifest, takesMore: boolean) => Effect.Effect<HealDenial | undefined, E, R>
