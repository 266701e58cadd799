import * as Effect from "effect/Effect"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import type { PolicyBundle } from "../api/v1alpha1/PolicyBundle.ts"
import type { StageError } from "../domain/StageError.ts"
import { type Guard, unguarded } from "../pipeline/guarding.ts"
import type { Guards } from "../pipeline/Guards.ts"
import type { DeliveryFile } from "./DeliveryFile.ts"
import { guarding } from "./guardSelection.ts"

/** Where the Secret of a bundle's source is. */
export const secretsNamespace = ({ spec: { source: { git } } }: PolicyBundle): string =>
  git?.secretRef?.namespace ?? "default"

/** The guards of each delivery of a file; a bundle is read once, when the first delivery asks for it. */
export const fileGuards = Effect.fnUntraced(function*<R>(
  file: Pick<DeliveryFile, "bundles" | "namespaces">,
  read: (bundle: PolicyBundle) => Effect.Effect<Guard, StageError, R>
) {
  const guards = new Map<string, Effect.Effect<Guard, StageError, R>>()
  for (const bundle of file.bundles) guards.set(bundle.metadata.name, yield* Effect.cached(read(bundle)))
  const context = yield* Effect.context<R>()
  return (delivery: Delivery): Guards => ({
    current: Effect.provide(
      Effect.forEach(guarding(file, delivery), ({ metadata: { name } }) =>
        guards.get(name)!.pipe(
          Effect.map(({ bundle }) => bundle),
          Effect.mapError((error) => unguarded(name, error))
        )),
      context
    )
  })
})
