import type { AdmittedManifests } from "./Decision.ts"
import type { Json, JsonObject } from "./Json.ts"
import type { Manifest } from "./Manifest.ts"
import type { ObjectRef } from "./ObjectRef.ts"

/** What happens to one object, and the word under which people count it. */
export const counted = {
  create: "created",
  update: "configured",
  replace: "replaced",
  delete: "pruned",
  unchanged: "unchanged"
} as const

export type Action = keyof typeof counted
export type Counts = Readonly<Record<(typeof counted)[Action], number>>

/** A field that would change. Values of Secrets are masked before they get here. */
export interface FieldChange {
  /** As people write it: `spec.template.spec.containers[name=app].image`. */
  readonly path: string
  readonly from?: Json
  readonly to?: Json
}

export interface Change {
  readonly action: Action
  readonly ref: ObjectRef
  readonly apiVersion: string
  /** What would be sent; absent for `delete`. */
  readonly manifest?: Manifest
  readonly fields: ReadonlyArray<FieldChange>
  /** Managers that lose a field to us by this change. */
  readonly takesFrom: ReadonlyArray<string>
  /** Fields of ours that are left to others from now on, with the values that they have. */
  readonly handsOver?: ReadonlyArray<string>
  /** Why the dry-run could not prove this change, if it could not. */
  readonly unproven?: string
  /**
   * The object as it is and as the dry-run says that it would be, without what only the API server writes; values of
   * Secrets masked. Only where somebody asked for it, and only for what changes.
   */
  readonly before?: JsonObject
  readonly after?: JsonObject
  /** Of the live object, where it is known: preconditions and drift need them. */
  readonly live?: {
    readonly uid: string
    readonly resourceVersion: string
    readonly fingerprint: string
    /** It is not ours (yet): it may be written only as it was seen. */
    readonly isForeign?: true
  }
}

/** Everything that one revision would do to the cluster. It carries what the gate admitted, and cannot be made without. */
export interface Changeset {
  readonly admitted: AdmittedManifests
  /** In the order in which they would be applied; deletions last, in reverse. */
  readonly changes: ReadonlyArray<Change>
  /** What would be lost silently: one sentence each. */
  readonly losses: ReadonlyArray<string>
  /** Of actions, objects and their digests: what `--confirm` names. */
  readonly digest: string
}

export const counts = (changes: ReadonlyArray<Change>): Counts => {
  const result = { created: 0, configured: 0, replaced: 0, pruned: 0, unchanged: 0 }
  for (const change of changes) result[counted[change.action]]++
  return result
}
