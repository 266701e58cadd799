import * as Data from "effect/Data"
import type { LastDrift } from "../api/v1alpha1/DeliveryStatus.ts"
import type { InventoryEntry } from "../domain/Inventory.ts"
import type { ObjectRef } from "../domain/ObjectRef.ts"
import type { RunEvent } from "../domain/Outcome.ts"
import type { StageError } from "../domain/StageError.ts"

/** What happens to a Delivery beside its runs. */
export type Noted = Data.TaggedEnum<{
  /** Somebody took what is ours: put back, only told, left for a while because they fight, or denied. */
  Drifted: {
    readonly object: ObjectRef
    /** As managedFields name it, or `unknown (see the audit log)`. */
    readonly manager: string
    readonly fields: ReadonlyArray<string>
    /** RFC 3339: when it was taken, where managedFields tell. */
    readonly time: string | undefined
    readonly action: LastDrift["action"]
    /** What the policy says that denies it. */
    readonly why?: string | undefined
  }
  /** No run starts until it is resumed, by the spec or by `until`. */
  Suspended: {
    readonly reason?: string | undefined
    readonly by?: string | undefined
    readonly until?: string | undefined
  }
  /** The object itself cannot be read as a Delivery. */
  Invalid: { readonly problems: ReadonlyArray<string> }
  /** No run can start or, while the object is deleted, end: a dependency, an identity, a policy bundle is missing. */
  Held: { readonly error: StageError }
  /** What the delivery owns now. */
  Inventoried: { readonly entries: ReadonlyArray<InventoryEntry> }
  /** The kinds that this identity may not watch; empty where it may watch all. */
  Polled: { readonly kinds: ReadonlyArray<string> }
  /** A request by annotation is answered without a run: there was nothing to look at. */
  ReconcileHandled: { readonly value: string }
}>
export const Noted = Data.taggedEnum<Noted>()

/** What can change a Delivery's status. */
export type Happening = RunEvent | Noted
