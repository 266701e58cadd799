import * as Effect from "effect/Effect"
import { milliseconds, type Source } from "../api/v1alpha1/Delivery.ts"
import type { KubeReader } from "../kube/KubeReader.ts"
import { SecretVersions } from "./SecretVersions.ts"

/** Who looks at a Secret does not wait longer for a watch of it. */
const patience = "2 seconds"

/** The Secrets that a source refers to, by name. */
export const secretsOf = (
  { git, webhook }: Pick<Source, "git" | "webhook">
): ReadonlyArray<string> => [
  ...new Set([git.secretRef, webhook?.secretRef].flatMap((ref) => ref === undefined ? [] : [ref.name]))
]

/**
 * Does `changed` when one of these Secrets is another than at the start, until the scope closes; as whoever reads them. Who
 * may not watch them looks at them once an interval (`1m`).
 */
export const secretsChange = Effect.fnUntraced(function*(
  secrets: { readonly namespace: string; readonly names: ReadonlyArray<string>; readonly interval: string },
  changed: Effect.Effect<void>
) {
  const versions = yield* SecretVersions
  const interval = milliseconds(secrets.interval)
  for (const name of secrets.names) {
    yield* versions.onChange({ namespace: secrets.namespace, name, interval }, changed)
  }
})

/**
 * Does `changed` each time that a Secret has become another, until the scope closes; in the background, as whoever reads it.
 * Who may not watch it looks at it once an interval (`1m`). What it answers returns once changes are seen, or cannot be.
 */
export const secretChanges = Effect.fnUntraced(function*(
  secret: { readonly namespace: string; readonly name: string; readonly interval: string },
  changed: Effect.Effect<void>
) {
  const versions = yield* SecretVersions
  const watched = { ...secret, interval: milliseconds(secret.interval) }
  const first = yield* versions.changed(watched)
  const seen = yield* Effect.cached(
    Effect.provideContext(
      Effect.timeoutOption(Effect.scoped(versions.seen(watched)), patience),
      yield* Effect.context<KubeReader>()
    )
  )
  yield* Effect.forkScoped(Effect.gen(function*() {
    for (let another = first;;) {
      yield* another
      // Before anything is done about it: what comes meanwhile is the next.
      another = yield* Effect.scoped(versions.changed(watched))
      yield* changed
    }
  }))
  return seen
})
