import * as Effect from "effect/Effect"
import { claimed } from "../domain/claim.ts"
import type { JsonObject } from "../domain/Json.ts"
import type { Manifest } from "../domain/Manifest.ts"
import { applyPolicy, isOurs } from "../domain/ownership.ts"
import { refusalOf } from "../domain/refusal.ts"
import { KubeReader } from "../kube/KubeReader.ts"
import { absent, KubeWriter } from "../kube/KubeWriter.ts"
import { liveMetadata } from "../kube/liveMetadata.ts"
import { Living } from "../kube/Living.ts"
import { applyFailed } from "./wait.ts"

/** An object that changes faster than this is left for the next run. */
const attempts = 5

/**
 * Applies what was not ours: `expects` says how it was seen, `absent` if it was not there. The API server refuses it
 * where somebody was faster, in whatever process; then one GET tells whose it is. Answers the object, which may be one on
 * its way out; undefined where it is there by now and was only wanted if it was not.
 */
export const sendFirst = Effect.fnUntraced(function*(
  manifest: Manifest,
  label: string,
  options: { readonly force: boolean; readonly expects: string }
) {
  const [reader, writer, isLiving] = [yield* KubeReader, yield* KubeWriter, yield* Living]
  const { apiVersion, ref } = manifest
  let expects: string | undefined = options.expects
  for (let attempt = 1;; attempt++) {
    const answer: JsonObject | undefined = yield* writer.apply(manifest, { ...options, expects }).pipe(
      Effect.catchIf(
        (failure) => refusalOf(failure) === "conflict" && attempt < attempts,
        () => Effect.succeed(undefined)
      ),
      Effect.mapError(applyFailed(manifest))
    )
    if (answer !== undefined) return answer
    const object = yield* Effect.mapError(reader.get(apiVersion, ref), applyFailed(manifest))
    const live = object && liveMetadata(apiVersion, ref.kind, object)
    if (live?.deleting === true) return object
    // It may be our own write, whose answer was lost.
    const isMine = live !== undefined && isOurs(live, label)
    if (live !== undefined && !isMine && applyPolicy(manifest) === "IfNotPresent") return undefined
    const conflict = live && claimed(manifest, live, label, isLiving)
    if (conflict !== undefined) return yield* conflict
    expects = isMine ? undefined : live?.resourceVersion ?? absent
  }
})
