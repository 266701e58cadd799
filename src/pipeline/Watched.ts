import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Applied } from "../apply/Apply.ts"
import type { Changeset } from "../domain/Changeset.ts"
import type { Admitted, PolicySet, Verdict } from "../domain/Decision.ts"
import type { StageError } from "../domain/StageError.ts"
import type { ChangesetJudges } from "../policy/changesetPass.ts"
import type { HealGate } from "./HealGate.ts"

/** What an agent knows of one delivery's objects between two runs. Without one (`run`, `diff`) the cluster is asked. */
export interface Watched {
  /** Whether the cluster is as a run of this identity left it: then there is nothing to do. */
  readonly rests: (identity: string) => Effect.Effect<boolean, StageError>
  /** From here on nothing else writes, until the scope closes or the effect that it answers is run. */
  readonly writes: Effect.Effect<Effect.Effect<void>, never, Scope.Scope>
  /** The run under way has written an object: what is seen of it before that version is older. */
  readonly wrote: (applied: Applied) => Effect.Effect<void>
  /** The policies have been read anew: the platform's judge what is put back from now on. */
  readonly judged: (judges: ChangesetJudges | undefined) => Effect.Effect<void>
  /** What is applied may not be put back as a whole: from now on each object is by itself, as far as policies let it be. */
  readonly stands: (changeset: Changeset, policies: PolicySet, heals: HealGate) => Effect.Effect<void>
  /** All of a changeset, which these policies let through, is in the cluster: it is kept so, as far as policies let it be. */
  readonly applied: (changeset: Admitted<Changeset>, policies: PolicySet, heals: HealGate) => Effect.Effect<void>
  /** The newest revision is refused: what only a run could put right stays as it is. */
  readonly denied: (verdict: Verdict) => Effect.Effect<void>
}

export const Watched = Context.Reference<Watched>("sluice/pipeline/Watched", {
  defaultValue: () => ({
    rests: () => Effect.succeed(false),
    writes: Effect.succeed(Effect.void),
    wrote: () => Effect.void,
    judged: () => Effect.void,
    stands: () => Effect.void,
    applied: () => Effect.void,
    denied: () => Effect.void
  })
})
