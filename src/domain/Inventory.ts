import * as Schema from "effect/Schema"
import { ObjectRef } from "./ObjectRef.ts"

/** One object that a delivery owns, or is about to own. */
export const InventoryEntry = Schema.Struct({
  ref: ObjectRef,
  apiVersion: Schema.String,
  /** Digest last applied; absent while the entry is only written ahead. */
  digest: Schema.optionalKey(Schema.String),
  /** Of all managedFields entries of manager `sluice`: tells drift from noise. */
  fingerprint: Schema.optionalKey(Schema.String),
  uid: Schema.optionalKey(Schema.String)
})
export type InventoryEntry = typeof InventoryEntry.Type

/** What a delivery owns in the cluster: written ahead, so that a crash at any point orphans nothing. */
export const Inventory = Schema.Struct({
  entries: Schema.Array(InventoryEntry),
  /** The last revision that was applied in full, and the identity of that run. */
  applied: Schema.optionalKey(Schema.Struct({
    revision: Schema.String,
    identity: Schema.String,
    closure: Schema.String,
    healthy: Schema.Boolean
  })),
  /** How many objects the last healthy revision had: `deletionLimit` is measured against it. */
  healthyObjects: Schema.optionalKey(Schema.Int)
})
export type Inventory = typeof Inventory.Type

export const empty: Inventory = { entries: [] }
