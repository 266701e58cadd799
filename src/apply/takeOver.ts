import * as Effect from "effect/Effect"
import { resolve } from "../domain/fieldPaths.ts"
import type { Manifest } from "../domain/Manifest.ts"
import type { Ownership } from "../domain/ownership.ts"
import { refusalOf } from "../domain/refusal.ts"
import { beyond, merged, stale, type Tolerance } from "../domain/stale.ts"
import { KubeReader, type LiveMetadata } from "../kube/KubeReader.ts"
import { KubeWriter } from "../kube/KubeWriter.ts"
import { liveMetadata } from "../kube/liveMetadata.ts"
import { applyFailed } from "./wait.ts"
import { metadataOf } from "./write.ts"

/** Ownership that was taken over, and whose it was. */
export interface TakenOver {
  readonly before: LiveMetadata
  readonly now: LiveMetadata
}

/** Whether what people own inside is not all in the manifest: then an apply alone leaves it there. */
export const hasAdditions = (
  manifest: Manifest,
  entries: ReadonlyArray<Ownership>,
  tolerance: Tolerance
): boolean =>
  stale(entries, tolerance).some((entry) =>
    [...beyond(entry, tolerance).values()].some((path) => resolve(manifest.object, path) === undefined)
  )

/**
 * Puts what people own inside an object into our own entry, so that the next apply takes away what it does not hold;
 * tried once more if the object changed meanwhile. Undefined if there is nothing (any more) to take over.
 */
export const takeOver = Effect.fnUntraced(function*(
  manifest: Manifest,
  first: LiveMetadata,
  tolerance: Tolerance
) {
  const [reader, writer] = [yield* KubeReader, yield* KubeWriter]
  const { apiVersion, ref } = manifest
  for (let live = first, attempt = 1; stale(live.managedFields, tolerance).length > 0; attempt++) {
    const owners = merged(live.managedFields, apiVersion, tolerance)
    const answer = yield* writer.setOwners(apiVersion, ref, live.resourceVersion, owners).pipe(
      Effect.catchIf(
        (failure) => refusalOf(failure) === "conflict" && attempt === 1,
        () => Effect.succeed(undefined)
      ),
      Effect.mapError(applyFailed(manifest))
    )
    if (answer !== undefined) {
      const taken: TakenOver = { before: live, now: metadataOf(manifest, answer) }
      return taken
    }
    const object = yield* Effect.mapError(reader.get(apiVersion, ref), applyFailed(manifest))
    if (object === undefined) return undefined
    live = liveMetadata(apiVersion, ref.kind, object)
  }
  return undefined
})

/** What cannot be taken away (an immutable field) is given back, or no apply would ever succeed again. */
export const giveBack = Effect.fnUntraced(function*({ apiVersion, ref }: Manifest, { before, now }: TakenOver) {
  const writer = yield* KubeWriter
  yield* Effect.ignore(writer.setOwners(apiVersion, ref, now.resourceVersion, before.managedFields), { log: "Warn" })
})
