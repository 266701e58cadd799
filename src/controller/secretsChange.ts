import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { type Delivery, milliseconds } from "../api/v1alpha1/Delivery.ts"
import { at, type Json } from "../domain/Json.ts"
import { KubeReader } from "../kube/KubeReader.ts"

/** The resourceVersion of a Secret, or undefined where there is none. */
type Version = readonly [Json | undefined]

/** The Secrets that a Delivery's source refers to, by name. */
const namesOf = ({ spec: { source: { git, webhook } } }: Delivery): ReadonlySet<string> =>
  new Set([git.secretRef, webhook?.secretRef].flatMap((ref) => ref === undefined ? [] : [ref.name]))

/**
 * Calls `changed` when a Secret that the source refers to is another than at the start; in the background, as whoever
 * reads them. Who may not watch them looks at them once an interval.
 */
export const secretsChange = Effect.fnUntraced(function*(
  delivery: Delivery,
  namespace: string,
  changed: Effect.Effect<void>
) {
  const reader = yield* KubeReader
  const interval = milliseconds(delivery.spec.source.interval)
  for (const name of namesOf(delivery)) {
    const ref = { group: "", kind: "Secret", namespace, name }
    const look = Effect.map(reader.get("v1", ref), (secret): Version => [at(secret, "metadata", "resourceVersion")])
    // A look that fails says nothing about the Secret.
    const looks = Stream.fromEffectSchedule(Effect.orElseSucceed(look, () => undefined), Schedule.spaced(interval))
      .pipe(
        Stream.filter((version) => version !== undefined)
      )
    yield* reader.versions("v1", ref).pipe(
      Stream.map((version): Version => [version]),
      Stream.catch(() => looks),
      Stream.changesWith(([a], [b]) => a === b),
      Stream.drop(1),
      Stream.runForEach(() => changed),
      Effect.forkScoped
    )
  }
})
