import * as Effect from "effect/Effect"
import type { Change } from "../domain/Changeset.ts"
import { isOurs } from "../domain/ownership.ts"
import { refusalOf } from "../domain/refusal.ts"
import { KubeReader } from "../kube/KubeReader.ts"
import { KubeWriter } from "../kube/KubeWriter.ts"
import { liveMetadata } from "../kube/liveMetadata.ts"
import type { Ledger } from "./Ledger.ts"
import { applyFailed } from "./wait.ts"

/** An object that changes faster than this is left for the next run. */
const attempts = 5

/**
 * Deletes one object that left the revision, exactly the one that was judged. If it changed meanwhile it is judged
 * again; one that is gone, or no longer this delivery's, is only taken off the books.
 */
export const prune = Effect.fnUntraced(function*(change: Change, label: string, ledger: Ledger) {
  const [reader, writer] = [yield* KubeReader, yield* KubeWriter]
  let live = change.live
  for (let attempt = 1; live !== undefined; attempt++) {
    const { resourceVersion, uid } = live
    const raced = yield* writer.delete(change.apiVersion, change.ref, { uid, resourceVersion }).pipe(
      Effect.as(false),
      Effect.catchIf(
        (failure) => refusalOf(failure) === "conflict" && attempt < attempts,
        () => Effect.succeed(true)
      ),
      Effect.mapError(applyFailed(undefined))
    )
    if (!raced) break
    const object = yield* Effect.mapError(reader.get(change.apiVersion, change.ref), applyFailed(undefined))
    const now = object === undefined ? undefined : liveMetadata(change.apiVersion, change.ref.kind, object)
    live = now === undefined || now.uid !== uid || now.deleting || !isOurs(now, label)
      ? undefined
      : { ...live, resourceVersion: now.resourceVersion }
  }
  ledger.removed(change.ref)
}, Effect.uninterruptible)
