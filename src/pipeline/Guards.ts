import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Bundle } from "../domain/Decision.ts"
import type { PolicyUnavailable } from "../domain/StageError.ts"

/** The platform's bundles that judge a delivery beside its own policies, as they are now; one that cannot judge fails. */
export interface Guards {
  readonly current: Effect.Effect<ReadonlyArray<Bundle>, PolicyUnavailable>
}

/** Where nobody names bundles there are none. */
export const Guards = Context.Reference<Guards>("sluice/pipeline/Guards", {
  defaultValue: () => ({ current: Effect.succeed([]) })
})
