import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import type { Changeset } from "../domain/Changeset.ts"
import type { Inventory } from "../domain/Inventory.ts"
import { display, type ObjectRef } from "../domain/ObjectRef.ts"
import { confirmAnnotation } from "../domain/ownership.ts"
import { PruneBlocked } from "../domain/StageError.ts"

const told = 20

/** What takes others with it, or data that nothing brings back. */
export const isPrecious = (ref: ObjectRef): boolean =>
  (ref.group === "" && (ref.kind === "Namespace" || ref.kind === "PersistentVolumeClaim")) ||
  ref.kind === "CustomResourceDefinition"

/** How many objects may go; a percentage is rounded up, so that the last object of a small delivery can be renamed. */
const allowance = (limit: Delivery["spec"]["apply"]["deletionLimit"], base: number): number =>
  typeof limit === "number" ? limit : Math.ceil(Number.parseInt(limit, 10) / 100 * base)

const reason = (delivery: Delivery, changeset: Changeset, inventory: Inventory): string | undefined => {
  const deleted = changeset.changes.filter(({ action }) => action === "delete")
  if (deleted.length === 0) return undefined
  if (changeset.admitted.length === 0) return `the revision is empty, and would delete all ${deleted.length} objects`
  const base = inventory.healthyObjects ?? inventory.entries.length
  const limit = delivery.spec.apply.deletionLimit
  // Also what earlier commits took away since all was well: many small ones are one large one.
  const lost = Math.max(deleted.length, base - changeset.admitted.length)
  if (lost > allowance(limit, base)) {
    return `${lost} of ${base} objects would be gone, and spec.apply.deletionLimit is ${limit}`
  }
  const precious = deleted.filter(({ ref }) => isPrecious(ref))
  return precious.length === 0 ? undefined : `${precious.map(({ ref }) => display(ref)).join(", ")} would be deleted`
}

/**
 * Deletions that a person has to confirm, or undefined if there are none or this very changeset is confirmed. `along`:
 * what Deliveries that go would take along, a sentence each.
 */
export const guard = (
  delivery: Delivery,
  changeset: Changeset,
  inventory: Inventory,
  along: ReadonlyArray<string> = []
): PruneBlocked | undefined => {
  // Whoever confirms is told all of it.
  const whys = [reason(delivery, changeset, inventory) ?? [], ...along].flat()
  if (whys.length === 0 || delivery.metadata.annotations?.[confirmAnnotation] === changeset.digest) return undefined
  const names = changeset.changes.filter(({ action }) => action === "delete").map(({ ref }) => display(ref))
  const more = names.length > told ? ` and ${names.length - told} more` : ""
  return new PruneBlocked({
    detail: `${whys.join("; ")}. To be deleted: ${names.slice(0, told).join(", ")}${more}.`,
    hint: `Put the objects back, or confirm: --confirm ${changeset.digest}, or the annotation ${confirmAnnotation} ` +
      "with that digest on the Delivery."
  })
}
