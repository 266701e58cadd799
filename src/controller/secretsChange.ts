import * as Effect from "effect/Effect"
import { milliseconds, type Source } from "../api/v1alpha1/Delivery.ts"
import { SecretVersions } from "./SecretVersions.ts"

/** The Secrets that a source refers to, by name. */
export const secretsOf = (
  { git, webhook }: Pick<Source, "git" | "webhook">
): ReadonlyArray<string> => [
  ...new Set([git.secretRef, webhook?.secretRef].flatMap((ref) => ref === undefined ? [] : [ref.name]))
]

/**
 * Calls `changed` when one of these Secrets is another than at the start; in the background, as whoever reads them. Who
 * may not watch them looks at them once an interval (`1m`).
 */
export const secretsChange = Effect.fnUntraced(function*(
  secrets: { readonly namespace: string; readonly names: ReadonlyArray<string>; readonly interval: string },
  changed: Effect.Effect<void>
) {
  const versions = yield* SecretVersions
  const interval = milliseconds(secrets.interval)
  for (const name of secrets.names) {
    const isAnother = yield* versions.changed({ namespace: secrets.namespace, name, interval })
    yield* Effect.forkScoped(Effect.andThen(isAnother, changed))
  }
})
