import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { PolicyBundle } from "../api/v1alpha1/PolicyBundle.ts"
import { Secrets } from "../kube/Secrets.ts"
import { readGuard, readShipped } from "../pipeline/guarding.ts"
import type { DeliveryFile } from "./DeliveryFile.ts"
import { fileGuards, secretsNamespace } from "./fileGuards.ts"

/** Git costs most of the start: it is loaded only where a bundle comes from there. */
const fetching = Layer.unwrap(
  Effect.map(Effect.promise(() => import("../layers.ts")), ({ fetching }) => Layer.orDie(fetching(undefined)))
)

/**
 * The guards of the deliveries of a file where there is no cluster: repositories are fetched with the Secrets of the file
 * alone.
 */
export const checkGuards = (file: DeliveryFile) => {
  const secretsOf = (bundle: PolicyBundle): Secrets["Service"] => ({
    get: (name) =>
      Effect.succeed(
        file.secrets.find((secret) => secret.name === name && secret.namespace === secretsNamespace(bundle))?.values
      )
  })
  return fileGuards(file, (bundle) =>
    bundle.spec.source.git === undefined
      ? readShipped(bundle)
      : readGuard(bundle).pipe(Effect.provide(fetching), Effect.provideService(Secrets, secretsOf(bundle))))
}
