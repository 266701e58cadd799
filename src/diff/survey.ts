import * as Effect from "effect/Effect"
import type { InventoryEntry } from "../domain/Inventory.ts"
import { key } from "../domain/ObjectRef.ts"
import { deliveryLabel } from "../domain/ownership.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import { Known } from "../kube/Known.ts"
import { KubeReader } from "../kube/KubeReader.ts"
import { type Seen, seen } from "../kube/Seen.ts"

/** The live objects that carry a delivery's label, by identity. */
export type Survey = ReadonlyMap<string, Seen>

/**
 * Looks for what the entries name: in what a live watch knows, else by one metadata LIST per kind and namespace, in the
 * namespaces that are used.
 */
export const survey: (
  entries: ReadonlyArray<InventoryEntry>,
  label: string,
  concurrency: number
) => Effect.Effect<Survey, KubeFailure, KubeReader> = Effect.fnUntraced(function*(entries, label, concurrency) {
  const [reader, look] = [yield* KubeReader, yield* Known]
  const found = new Map<string, Seen>()
  const unknown = entries.filter(({ apiVersion, ref }) => {
    const known = look(apiVersion, ref)
    if (typeof known === "object" && known.label === label) found.set(key(ref), known)
    return known === undefined
  })
  const lists = new Map(
    unknown.map(({ apiVersion, ref }) => [`${apiVersion} ${ref.kind} ${ref.namespace}`, { apiVersion, ref }])
  )
  yield* Effect.forEach(
    lists.values(),
    ({ apiVersion, ref: { kind, namespace } }) =>
      Effect.map(
        reader.listMetadata(
          apiVersion,
          kind,
          namespace === "" ? undefined : namespace,
          `${deliveryLabel}=${label}`
        ),
        (objects) => objects.forEach((live) => found.set(key(live.ref), seen(live)))
      ),
    { concurrency, discard: true }
  )
  return found
})
