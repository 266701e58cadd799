import * as Effect from "effect/Effect"
import type { InventoryEntry } from "../domain/Inventory.ts"
import { key } from "../domain/ObjectRef.ts"
import { deliveryLabel } from "../domain/ownership.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import { KubeReader, type LiveMetadata } from "../kube/KubeReader.ts"

/** Metadata of the live objects that carry a delivery's label, by identity. */
export type Survey = ReadonlyMap<string, LiveMetadata>

/** Looks for what the entries name: one metadata LIST per kind and namespace, in the namespaces that are used. */
export const survey: (
  entries: ReadonlyArray<InventoryEntry>,
  label: string,
  concurrency: number
) => Effect.Effect<Survey, KubeFailure, KubeReader> = Effect.fnUntraced(function*(entries, label, concurrency) {
  const reader = yield* KubeReader
  const lists = new Map(
    entries.map(({ apiVersion, ref }) => [`${apiVersion} ${ref.kind} ${ref.namespace}`, { apiVersion, ref }])
  )
  const found = yield* Effect.forEach(
    lists.values(),
    ({ apiVersion, ref }) =>
      reader.listMetadata(
        apiVersion,
        ref.kind,
        ref.namespace === "" ? undefined : ref.namespace,
        `${deliveryLabel}=${label}`
      ),
    { concurrency }
  )
  return new Map(found.flat().map((live) => [key(live.ref), live]))
})
