import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type Delivery, milliseconds } from "../api/v1alpha1/Delivery.ts"
import { SecretVersions } from "./SecretVersions.ts"

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
  const versions = yield* SecretVersions
  const interval = milliseconds(delivery.spec.source.interval)
  for (const name of namesOf(delivery)) {
    const changes = yield* versions.changes({ namespace, name, interval })
    yield* Effect.forkScoped(Stream.runForEach(changes, () => changed))
  }
})
