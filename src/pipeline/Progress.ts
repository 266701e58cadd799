import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Action } from "../domain/Changeset.ts"
import type { PolicySet, Verdict } from "../domain/Decision.ts"
import { type DecisionRecord, type Pass, recordOf } from "../domain/DecisionRecord.ts"
import type { Stage } from "../domain/StageError.ts"

/** Where a run tells what it is doing, and the one moment that others wait for: everything is applied. */
export class Progress extends Context.Service<Progress, {
  readonly started: (stage: Stage) => Effect.Effect<void>
  readonly finished: (stage: Stage, durationMs: number, note: string) => Effect.Effect<void>
  /** A pass of the gate came to a decision. */
  readonly decided: (record: DecisionRecord) => Effect.Effect<void>
  /** What is lost silently by what is about to be written. */
  readonly loses: (losses: ReadonlyArray<string>) => Effect.Effect<void>
  /** An object was written: a run that fails half-way says how much is in the cluster. */
  readonly wrote: (action: Action) => Effect.Effect<void>
  /** The changeset is in the cluster and recorded; what follows (health) may be cut short by a newer revision. */
  readonly applied: Effect.Effect<void>
}>()("sluice/pipeline/Progress") {
  /** For whoever only wants the result. */
  static readonly silent = Progress.of({
    started: () => Effect.void,
    finished: () => Effect.void,
    decided: () => Effect.void,
    loses: () => Effect.void,
    wrote: () => Effect.void,
    applied: Effect.void
  })
}

/** Runs an effect as one of the six stages: told when it starts and ends, timed, and named in what is logged. */
export const stage = <A, E, R>(
  name: Stage,
  effect: Effect.Effect<A, E, R>,
  note: (value: A) => string
): Effect.Effect<A, E, R | Progress> =>
  Effect.gen(function*() {
    const progress = yield* Progress
    yield* progress.started(name)
    const [duration, value] = yield* Effect.timed(effect)
    yield* progress.finished(name, Math.round(Duration.toMillis(duration)), note(value))
    return value
  }).pipe(Effect.annotateLogs({ stage: name }))

/** A pass of the gate, whose decision is recorded, and says which pass it was. */
export const judged = <A extends Verdict & { readonly _tag: "Passed" | "Denied" }, E, R>(
  pass: Pass,
  set: PolicySet,
  decision: Effect.Effect<A, E, R>
): Effect.Effect<A & { readonly pass: Pass }, E, R | Progress> =>
  Effect.gen(function*() {
    const made = yield* decision
    yield* (yield* Progress).decided(recordOf(pass, set, made))
    return { ...made, pass }
  })
