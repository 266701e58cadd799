import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Changeset } from "../domain/Changeset.ts"
import type { Admitted } from "../domain/Decision.ts"
import type { StageError } from "../domain/StageError.ts"

/** What an agent knows of one delivery's objects between two runs. Without one (`run`, `diff`) the cluster is asked. */
export interface Watched {
  /** Whether the cluster is as a run of this identity left it: then there is nothing to do. */
  readonly rests: (identity: string) => Effect.Effect<boolean, StageError>
  /** From here on nothing else writes, until the scope closes or the effect that it answers is run. */
  readonly writes: Effect.Effect<Effect.Effect<void>, never, Scope.Scope>
  /** All of a changeset is in the cluster: from now on it is kept so. */
  readonly applied: (changeset: Admitted<Changeset>) => Effect.Effect<void>
}

export const Watched = Context.Reference<Watched>("sluice/pipeline/Watched", {
  defaultValue: () => ({
    rests: () => Effect.succeed(false),
    writes: Effect.succeed(Effect.void),
    applied: () => Effect.void
  })
})
