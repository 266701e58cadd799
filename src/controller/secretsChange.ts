import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type Delivery, milliseconds } from "../api/v1alpha1/Delivery.ts"
import { KubeReader } from "../kube/KubeReader.ts"

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
    const looks = Stream.fromEffectRepeat(
      Effect.sleep(interval).pipe(
        Effect.andThen(Effect.option(reader.get("v1", ref))),
        Effect.map((secret) => JSON.stringify(secret._tag === "Some" ? secret.value?.metadata : undefined))
      )
    )
    yield* reader.versions("v1", ref).pipe(
      Stream.catchCause(() => looks),
      Stream.changes,
      Stream.drop(1),
      Stream.runForEach(() => changed),
      Effect.forkScoped
    )
  }
})
