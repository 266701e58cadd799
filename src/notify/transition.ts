import * as Schema from "effect/Schema"
import type { Outcome } from "../domain/Outcome.ts"
import { equals, format, type Revision } from "../domain/Revision.ts"
import { classOf, type Reason } from "../domain/StageError.ts"

/** What can be told of a delivery. `recovered` is the first success after `blocked` or `failed`. */
export const State = Schema.Literals(["applied", "blocked", "failed", "recovered"])
export type State = typeof State.Type

/** What was told last. */
export const Told = Schema.Struct({
  /** Empty while no revision was ever seen. */
  revision: Schema.String,
  state: State,
  /** Why this revision is not well, each reason once; empty after a success. */
  reasons: Schema.Array(Schema.String)
})
export type Told = typeof Told.Type

export interface Transition {
  readonly state: State
  readonly told: Told
}

const isTrouble = (told: Told | undefined): boolean => told?.state === "blocked" || told?.state === "failed"

const trouble = (
  state: "blocked" | "failed",
  reason: Reason,
  revision: Revision | undefined,
  told: Told | undefined
): Transition | undefined => {
  // A fetch that fails knows no revision: it belongs to the one that was told last.
  const about = revision === undefined ? told?.revision ?? "" : format(revision)
  const reasons = about === told?.revision ? told.reasons : []
  return reasons.includes(reason)
    ? undefined
    : { state, told: { revision: about, state, reasons: [...reasons, reason] } }
}

const success = (
  changed: boolean,
  revision: Revision | undefined,
  told: Told | undefined
): Transition | undefined => {
  const about = revision === undefined ? told?.revision ?? "" : format(revision)
  if (isTrouble(told)) return { state: "recovered", told: { revision: about, state: "recovered", reasons: [] } }
  return changed && about !== told?.revision
    ? { state: "applied", told: { revision: about, state: "applied", reasons: [] } }
    : undefined
}

/**
 * What an outcome changes in what people were told, or undefined.
 *
 * A transition is known by (delivery, revision, state), a failure by its reason too; never by its text. Retries of the
 * same failure, runs that changed nothing and interrupted runs are silent. But where the cluster was left on this very
 * revision (`previous`) and nobody was told of it, a process died between its apply and its message: it is told late.
 */
export const transition = (
  outcome: Outcome,
  revision: Revision | undefined,
  told: Told | undefined,
  previous?: Revision
): Transition | undefined => {
  switch (outcome._tag) {
    case "Applied": {
      const { created, configured, replaced, pruned } = outcome.changes
      return success(created + configured + replaced + pruned > 0, revision, told)
    }
    case "Unchanged":
      return success(previous !== undefined && equals(previous, revision), revision, told)
    case "Denied":
      return trouble("blocked", "PolicyDenied", revision, told)
    case "Failed":
      // What waits for a person is held back, not broken.
      return trouble(
        classOf(outcome.error) === "blocked" ? "blocked" : "failed",
        outcome.error._tag,
        revision,
        told
      )
    case "Interrupted":
      return undefined
  }
}

/** Which subscriptions a state answers: a recovery also tells that the revision is applied. */
export const subscriptions = (state: State | "drift"): ReadonlyArray<State | "drift"> =>
  state === "recovered" ? ["recovered", "applied"] : [state]
