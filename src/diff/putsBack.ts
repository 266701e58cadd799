import * as Effect from "effect/Effect"
import type { Change } from "../domain/Changeset.ts"
import { leavesField, withoutLeft } from "../domain/ignored.ts"
import type { Manifest } from "../domain/Manifest.ts"
import { fingerprint } from "../domain/ownership.ts"
import { refused } from "../domain/refusal.ts"
import { DiffFailed, type KubeFailure } from "../domain/StageError.ts"
import { KubeReader } from "../kube/KubeReader.ts"
import { liveMetadata } from "../kube/liveMetadata.ts"
import { compare } from "./compare.ts"
import { asItIs, asItWouldBe } from "./shown.ts"

/** What a heal of one object would change. */
export const putsBack = Effect.fnUntraced(function*(manifest: Manifest, takesMore: boolean) {
  const reader = yield* KubeReader
  const { apiVersion, ref } = manifest
  const failed = (failure: KubeFailure) => refused(failure, manifest, (fields) => new DiffFailed(fields))
  const [live, result] = yield* Effect.mapError(
    Effect.all([
      reader.get(apiVersion, ref),
      reader.dryRun(withoutLeft(manifest), { force: true })
    ], { concurrency: "unbounded" }),
    failed
  )
  const change: Change = { action: "create", ref, apiVersion, manifest, fields: [], takesFrom: [] }
  const after = asItWouldBe(result)
  const metadata = live && liveMetadata(apiVersion, ref.kind, live)
  if (live === undefined || metadata === undefined || metadata.deleting) return { ...change, after }
  const { managedFields, resourceVersion, uid } = metadata
  const proven = { object: result, managedFields: liveMetadata(apiVersion, ref.kind, result).managedFields }
  const { fields, needsWrite, takesFrom } = compare({ object: live, managedFields }, proven, leavesField(manifest))
  return {
    ...change,
    action: needsWrite || takesMore ? "update" as const : "unchanged" as const,
    fields,
    takesFrom,
    before: asItIs(live),
    after,
    live: { uid, resourceVersion, fingerprint: fingerprint(managedFields) }
  }
})
