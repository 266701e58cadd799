import * as Effect from "effect/Effect"
import type { Change } from "../domain/Changeset.ts"
import type { InventoryEntry } from "../domain/Inventory.ts"
import type { JsonObject } from "../domain/Json.ts"
import type { Manifest } from "../domain/Manifest.ts"
import { fingerprint } from "../domain/ownership.ts"
import { refusalOf } from "../domain/refusal.ts"
import { KubeReader } from "../kube/KubeReader.ts"
import { KubeWriter } from "../kube/KubeWriter.ts"
import { liveMetadata } from "../kube/liveMetadata.ts"
import type { Ledger } from "./Ledger.ts"
import { applyFailed, gone } from "./wait.ts"

export interface WriteOptions {
  readonly force: boolean
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

/** The uid of an object that is on its way out instead. */
const recordUnlessDeleting = Effect.fnUntraced(function*(manifest: Manifest, options: WriteOptions) {
  const object = yield* send(manifest, options.force)
  const { deleting, uid } = metadataOf(manifest, object)
  return deleting ? uid : record(manifest, object, options)
}, Effect.uninterruptible) // half-known results look like drift

/** Milliseconds that a replacement may hold up an interruption; after that the next run goes on with it. */
const unstoppable = 10_000

/** Deletes and creates again as one: nothing may stop between the two. */
const replace = Effect.fnUntraced(function*(change: Change, manifest: Manifest, options: WriteOptions) {
  const writer = yield* KubeWriter
  if (change.live !== undefined) {
    // By uid alone: controllers write status all the time, and what is replaced is the object, not one state of it.
    const { uid } = change.live
    yield* Effect.mapError(writer.delete(change.apiVersion, change.ref, { uid }), applyFailed(manifest))
    yield* gone(manifest, uid, Math.min(options.timeout, unstoppable))
  }
  return record(manifest, yield* send(manifest, options.force), options)
}, Effect.uninterruptible)

/** Writes one object and notes it. One that is on its way out is waited for, and then created. */
export const write = Effect.fnUntraced(function*(change: Change, manifest: Manifest, options: WriteOptions) {
  if (change.action === "replace") return yield* replace(change, manifest, options)
  for (;;) {
    const written = yield* recordUnlessDeleting(manifest, options)
    if (typeof written !== "string") return written
    yield* gone(manifest, written, options.timeout)
  }
})

/** Proves what could not be proven before its prerequisites stood; a webhook that takes no dry-runs proves nothing. */
export const proveLate = Effect.fnUntraced(function*(manifest: Manifest, force: boolean) {
  const reader = yield* KubeReader
  yield* reader.dryRun(manifest, { force }).pipe(
    Effect.asVoid,
    Effect.catchIf((failure) => refusalOf(failure) === "unprovable", () => Effect.void)
  )
})
