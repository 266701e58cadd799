import type { ObjectRef } from "./ObjectRef.ts"
import type { Revision } from "./Revision.ts"

/** Where managedFields cannot tell who it was: removals and deletions leave no owner. */
export const unknownManager = "unknown (see the audit log)"

/** One object that left the desired state without a new revision. */
export interface DriftFinding {
  readonly object: ObjectRef
  /** The field manager, or `unknownManager`. */
  readonly manager: string
  /** Paths as people write them, never values; none where the whole object was deleted, or nobody can tell. */
  readonly fields: ReadonlyArray<string>
  /** Without fields: that it was not deleted, but something in it was changed. */
  readonly isThere?: boolean | undefined
  /** When somebody made the change, RFC 3339, as far as managedFields tell. */
  readonly time?: string | undefined
  /**
   * `reported` is seen and left alone; `backing off` is a fight: taken back, and taken again within seconds; `denied` is
   * kept as it is by the policies.
   */
  readonly action: "healed" | "reported" | "backing off" | "denied"
  /** The policy that denies it, or that refuses what a controller added, and what it says. */
  readonly why?: string | undefined
}

/** What is told of one delivery's drift. */
export interface DriftTold {
  /** `<namespace>/<name>`. */
  readonly delivery: string
  /** What the cluster is on. */
  readonly revision: Revision | undefined
  /** The repository without credentials. */
  readonly url: string
  readonly findings: ReadonlyArray<DriftFinding>
  /** Milliseconds since the epoch: when it was seen. */
  readonly time: number
}
