import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { key } from "../domain/ObjectRef.ts"
import { deliveryLabel } from "../domain/ownership.ts"
import type { ApplyConflict } from "../domain/StageError.ts"
import { KubeReader } from "../kube/KubeReader.ts"
import type { Registry } from "./Registry.ts"

/**
 * Returns when the object of a conflict is no longer the other Delivery's: gone, handed over, or left behind by one that
 * is gone itself. Watched as the Delivery that wants it; who may not watch waits for its next try.
 */
export const freed = Effect.fnUntraced(function*({ holder, object }: ApplyConflict, registry: Registry) {
  if (holder === undefined || object === undefined) return yield* Effect.never
  const { apiVersion, label } = holder
  const reader = yield* KubeReader
  const wanted = key(object)
  const namespace = object.namespace === "" ? undefined : object.namespace
  const released = reader.watchMetadata(
    apiVersion,
    object.kind,
    namespace,
    `${deliveryLabel}=${label}`,
    ({ ref }) => key(ref)
  )
    .pipe(
      Stream.filter((event) =>
        event._tag === "Listed"
          ? !event.objects.includes(wanted)
          : event._tag === "Deleted" && key(event.object.ref) === wanted
      ),
      Stream.runHead,
      Effect.catch(({ message }) =>
        Effect.andThen(Effect.logDebug(`cannot wait for ${wanted}: ${message}`), Effect.never)
      )
    )
  yield* Effect.raceFirst(released, registry.departed(label))
})
