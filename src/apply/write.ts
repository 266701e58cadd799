import * as Effect from "effect/Effect"
import type { Change } from "../domain/Changeset.ts"
import type { InventoryEntry } from "../domain/Inventory.ts"
import type { JsonObject } from "../domain/Json.ts"
import type { Manifest } from "../domain/Manifest.ts"
import { fingerprint } from "../domain/ownership.ts"
import { refusalOf } from "../domain/refusal.ts"
import { KubeReader } from "../kube/KubeReader.ts"
import { absent, KubeWriter } from "../kube/KubeWriter.ts"
import { liveMetadata } from "../kube/liveMetadata.ts"
import type { Ledger } from "./Ledger.ts"
import { sendFirst } from "./sendFirst.ts"
import { applyFailed, gone } from "./wait.ts"

export interface WriteOptions {
  readonly force: boolean
  /** Of the delivery that writes. */
  readonly label: string
  /** Milliseconds that an object on its way out is waited for. */
  readonly timeout: number
  readonly ledger: Ledger
}

export const metadataOf = (manifest: Manifest, object: JsonObject) =>
  liveMetadata(manifest.apiVersion, manifest.ref.kind, object)

export const entryOf = (manifest: Manifest, object: JsonObject): InventoryEntry => {
  const { managedFields, uid } = metadataOf(manifest, object)
  return {
    ref: manifest.ref,
    apiVersion: manifest.apiVersion,
    digest: manifest.digest,
    fingerprint: fingerprint(managedFields),
    uid
  }
}

/** A lost race is run once more: the server merges what we send into whatever is there by then. */
export const send = Effect.fnUntraced(function*(manifest: Manifest, force: boolean) {
  const writer = yield* KubeWriter
  const apply = writer.apply(manifest, { force })
  return yield* apply.pipe(
    Effect.catchIf((failure) => refusalOf(failure) === "conflict", () => apply),
    Effect.mapError(applyFailed(manifest))
  )
})

/** What was written, as the inventory and whoever watches know it. */
export interface Written {
  readonly entry: InventoryEntry
  readonly resourceVersion: string
}

const record = (manifest: Manifest, object: JsonObject, { ledger }: WriteOptions): Written => {
  const entry = entryOf(manifest, object)
  ledger.written(entry)
  return { entry, resourceVersion: metadataOf(manifest, object).resourceVersion }
}

/** How an object that is not ours is to be, so that it may be written; undefined for one that is. */
const expected = ({ action, live }: Change): string | undefined =>
  action !== "update" || live === undefined ? absent : live.isForeign === true ? live.resourceVersion : undefined

/** The uid of an object that is on its way out instead; undefined where nothing had to be written. */
const recordUnlessDeleting = Effect.fnUntraced(
  function*(manifest: Manifest, expects: string | undefined, options: WriteOptions) {
    const { force, label, ledger } = options
    const object = expects === undefined
      ? yield* send(manifest, force)
      // What turns out to be another delivery's was never ours.
      : yield* sendFirst(manifest, label, { force, expects }).pipe(
        Effect.tapError((error) =>
          Effect.sync(() =>
            error._tag === "ApplyConflict" && error.holder !== undefined && ledger.removed(manifest.ref)
          )
        )
      )
    if (object === undefined) {
      ledger.removed(manifest.ref)
      return undefined
    }
    const { deleting, uid } = metadataOf(manifest, object)
    return deleting ? uid : record(manifest, object, options)
  },
  Effect.uninterruptible // half-known results look like drift
)

/** Milliseconds that a replacement may hold up an interruption; after that the next run goes on with it. */
const unstoppable = 10_000

/** Deletes, so that what follows is made anew: of what is ours the object, of what is not only the state that was seen. */
const remove = Effect.fnUntraced(function*(change: Change, manifest: Manifest, timeout: number) {
  if (change.live === undefined) return
  const writer = yield* KubeWriter
  const { isForeign, resourceVersion, uid } = change.live
  // By uid alone: controllers write status all the time, and what is replaced is the object, not one state of it.
  const preconditions = isForeign === true ? { uid, resourceVersion } : { uid }
  yield* Effect.mapError(writer.delete(change.apiVersion, change.ref, preconditions), applyFailed(manifest))
  yield* gone(manifest, uid, timeout)
})

/** Writes one object and notes it, if it had to be. One that is on its way out is waited for, and then created. */
const put = Effect.fnUntraced(function*(change: Change, manifest: Manifest, options: WriteOptions) {
  for (let expects = expected(change);; expects = absent) {
    const written = yield* recordUnlessDeleting(manifest, expects, options)
    if (typeof written !== "string") return written
    yield* gone(manifest, written, options.timeout)
  }
})

/** Deletes and creates again as one: nothing may stop between the two. */
const replace = Effect.fnUntraced(function*(change: Change, manifest: Manifest, options: WriteOptions) {
  const timeout = Math.min(options.timeout, unstoppable)
  yield* remove(change, manifest, timeout)
  return yield* put(change, manifest, { ...options, timeout })
}, Effect.uninterruptible)

/** Writes one object and notes it, if it had to be. */
export const write = (change: Change, manifest: Manifest, options: WriteOptions) =>
  change.action === "replace" ? replace(change, manifest, options) : put(change, manifest, options)

/** Proves what could not be proven before its prerequisites stood; a webhook that takes no dry-runs proves nothing. */
export const proveLate = Effect.fnUntraced(function*(manifest: Manifest, force: boolean) {
  const reader = yield* KubeReader
  yield* reader.dryRun(manifest, { force }).pipe(
    Effect.asVoid,
    Effect.catchIf((failure) => refusalOf(failure) === "unprovable", () => Effect.void)
  )
})
