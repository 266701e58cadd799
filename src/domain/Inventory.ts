import * as Schema from "effect/Schema"
import { ObjectRef } from "./ObjectRef.ts"
import { parse, type Revision } from "./Revision.ts"

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
  /** The last revision that was applied in full, and the identity of that run: empty while another is applied over it. */
  applied: Schema.optionalKey(Schema.Struct({
    revision: Schema.String,
    identity: Schema.String,
    closure: Schema.String,
    healthy: Schema.Boolean
  })),
  /** Hashes of revisions that were applied before this one, the newest first: by them a rollback is known. */
  earlier: Schema.optionalKey(Schema.Array(Schema.String)),
  /** The repository's policies of that revision, which judge the next one too: of `spec.policy`, and of the files. */
  policies: Schema.optionalKey(Schema.Struct({ spec: Schema.String, digest: Schema.String })),
  /** How many objects the last healthy revision had: `deletionLimit` is measured against it. */
  healthyObjects: Schema.optionalKey(Schema.Int)
})
export type Inventory = typeof Inventory.Type

/** How many of the revisions before are known. */
const known = 20

/** The revisions before, once another than the one that is applied is. */
export const appliedBefore = (
  { applied, earlier = [] }: Inventory,
  next: Revision | undefined
): ReadonlyArray<string> => {
  const last = applied && parse(applied.revision)
  if (last === undefined || last.hash === next?.hash) return earlier
  return [last.hash, ...earlier.filter((hash) => hash !== last.hash)].slice(0, known)
}

export const empty: Inventory = { entries: [] }
