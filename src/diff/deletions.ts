import * as Effect from "effect/Effect"
import type { Change } from "../domain/Changeset.ts"
import type { InventoryEntry } from "../domain/Inventory.ts"
import { display, key } from "../domain/ObjectRef.ts"
import { rankOf } from "../domain/order.ts"
import { isDelivery, pruneAnnotation } from "../domain/ownership.ts"
import { isOwnRecord } from "../domain/ownRecord.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import { KubeReader } from "../kube/KubeReader.ts"
import { liveMetadata } from "../kube/liveMetadata.ts"
import { type Seen, seen } from "../kube/Seen.ts"
import { asItIs } from "./shown.ts"
import type { Survey } from "./survey.ts"

/** What is to be deleted, and what is left behind and why. */
export interface Deletions {
  readonly changes: ReadonlyArray<Change>
  readonly losses: ReadonlyArray<string>
}

/** What the decision about one stale entry rests on. */
export interface Kept {
  readonly label: string
  /** Namespaces that the revision still has objects in. */
  readonly namespaces: ReadonlySet<string>
  /** Of live objects that the revision keeps: the same object may be served by two groups. */
  readonly uids: ReadonlySet<string>
}

/** A deletion, a sentence about what stays behind, or nothing for what is gone or going. */
export const judge = (entry: InventoryEntry, live: Seen, kept: Kept): Change | string | undefined => {
  if (live.deleting || kept.uids.has(live.uid)) return undefined
  const name = display(entry.ref)
  if (live.prune === "disabled") return `${name} stays behind: ${pruneAnnotation} is disabled`
  if (isOwnRecord(entry.ref)) return `${name} stays behind: it has the name of a record of Sluice`
  if (live.label !== kept.label || !live.isOurs) return `${name} stays behind: it is not (or no longer) this delivery's`
  if (entry.ref.kind === "Namespace" && kept.namespaces.has(entry.ref.name)) {
    return `${name} stays behind: this revision still has objects in it`
  }
  return {
    action: "delete",
    ref: entry.ref,
    apiVersion: entry.apiVersion,
    fields: [],
    takesFrom: [],
    live: { uid: live.uid, resourceVersion: live.resourceVersion, fingerprint: live.fingerprint }
  }
}

const isDeletion = (verdict: Change | string | undefined): verdict is Change => typeof verdict === "object"

const containerLoss = (change: Change): ReadonlyArray<string> =>
  change.ref.kind === "Namespace" && change.ref.group === ""
    ? [`${display(change.ref)} goes with everything that is in it`]
    : change.ref.kind === "CustomResourceDefinition"
    ? [`${display(change.ref)} goes with every resource of its kind`]
    : isDelivery(change.ref)
    ? [`${display(change.ref)} goes with what it owns, unless its spec.deletion is orphan`]
    : []

/** The stale entries of an inventory, last applied first. */
export const deletions: (
  stale: ReadonlyArray<InventoryEntry>,
  survey: Survey,
  kept: Kept,
  options: { readonly concurrency: number; readonly withObjects: boolean }
) => Effect.Effect<Deletions, KubeFailure, KubeReader> = Effect.fnUntraced(
  function*(stale, survey, kept, { concurrency, withObjects }) {
    const reader = yield* KubeReader
    const judged = yield* Effect.forEach(stale, (entry) => {
      const live = survey.get(key(entry.ref))
      const verdict = live === undefined ? undefined : judge(entry, live, kept)
      // What stays, or is gone, is known from its metadata.
      if (live !== undefined && !(withObjects && isDeletion(verdict))) return Effect.succeed(verdict)
      return Effect.map(reader.get(entry.apiVersion, entry.ref), (object) => {
        if (object === undefined) return undefined
        const now = judge(entry, seen(liveMetadata(entry.apiVersion, entry.ref.kind, object)), kept)
        return withObjects && isDeletion(now) ? { ...now, before: asItIs(object) } : now
      })
    }, { concurrency })
    const changes = judged.filter(isDeletion).reverse()
      .sort((a, b) => rankOf(b.ref) - rankOf(a.ref))
    return {
      changes,
      losses: [...judged.filter((result) => typeof result === "string"), ...changes.flatMap(containerLoss)]
    }
  }
)
