import * as Effect from "effect/Effect"
import type { Inventory, InventoryEntry } from "../domain/Inventory.ts"
import { display, key } from "../domain/ObjectRef.ts"
import { rankOf } from "../domain/order.ts"
import { deliveryValue, isOurs, pruneAnnotation } from "../domain/ownership.ts"
import { isOwnRecord } from "../domain/ownRecord.ts"
import { KubeReader } from "../kube/KubeReader.ts"
import { KubeWriter } from "../kube/KubeWriter.ts"
import { liveMetadata } from "../kube/liveMetadata.ts"
import { applyFailed } from "./wait.ts"

/** What became of one object of a delivery that goes. */
export interface Left {
  readonly entry: InventoryEntry
  /** Why it stays behind; undefined: it is deleted, or was not there. */
  readonly stays: string | undefined
}

/** Everything that a delivery owns, the last applied first; those of one rank may go together. */
const inReverse = ({ entries }: Inventory): ReadonlyArray<ReadonlyArray<InventoryEntry>> =>
  [...Map.groupBy(entries, ({ ref }) => rankOf(ref)).entries()]
    .sort(([a], [b]) => b - a)
    .map(([, group]) => group.toReversed())

const leaveOne = Effect.fnUntraced(function*(entry: InventoryEntry, label: string) {
  const [reader, writer] = [yield* KubeReader, yield* KubeWriter]
  const object = yield* Effect.mapError(reader.get(entry.apiVersion, entry.ref), applyFailed(undefined))
  if (object === undefined) return { entry, stays: undefined } satisfies Left
  const live = liveMetadata(entry.apiVersion, entry.ref.kind, object)
  const stays = live.annotations[pruneAnnotation] === "disabled"
    ? `${display(entry.ref)} stays behind: ${pruneAnnotation} is disabled`
    : isOwnRecord(entry.ref)
    ? `${display(entry.ref)} stays behind: it has the name of a record of Sluice`
    : !isOurs(live, label)
    ? `${display(entry.ref)} stays behind: it is not (or no longer) this delivery's`
    : undefined
  if (stays === undefined && !live.deleting) {
    // By uid alone: whatever its state is, it is the object that goes.
    yield* Effect.mapError(
      writer.delete(entry.apiVersion, entry.ref, { uid: live.uid }),
      applyFailed(undefined)
    )
  }
  return { entry, stays } satisfies Left
}, Effect.uninterruptible)

/**
 * Deletes what a delivery owns, in reverse order, as prune does: only what is its own. Objects that are gone, or on their
 * way, are well; the first refusal ends it, and what is done is done.
 */
export const leave = Effect.fnUntraced(function*(
  delivery: { readonly namespace: string; readonly name: string },
  inventory: Inventory,
  concurrency: number
) {
  const label = deliveryValue(delivery)
  const left = new Map<string, Left>()
  for (const group of inReverse(inventory)) {
    const done = yield* Effect.forEach(group, (entry) => leaveOne(entry, label), { concurrency })
    for (const one of done) left.set(key(one.entry.ref), one)
  }
  return [...left.values()]
})
