import * as DateTime from "effect/DateTime"
import type { DeliveryStatus, PastRun } from "../api/v1alpha1/DeliveryStatus.ts"
import type { Outcome, Run } from "../domain/Outcome.ts"
import { format } from "../domain/Revision.ts"
import { classOf, type StageError } from "../domain/StageError.ts"
import type { Facts } from "./Facts.ts"
import { line, plural } from "./words.ts"

const most = 10

/** Without fractions, as Kubernetes writes times. */
export const seconds = (time: string): string => time.replace(/\.\d+Z$/u, "Z")

/** A first failure that time may mend within seconds: nobody is told of it (`pipeline/Lane.ts`). */
export const isBlip = (error: StageError, next: Run["next"]): boolean =>
  next?.attempt === 2 && classOf(error) === "transient" && error._tag !== "HealthTimeout" &&
  error._tag !== "HealthCheckFailed"

const why = (status: DeliveryStatus, outcome: Outcome, revision: string | undefined): Partial<PastRun> => {
  switch (outcome._tag) {
    case "Applied":
      return { changes: outcome.changes }
    case "Unchanged":
      return {
        message: outcome.summary !== undefined
          ? "the cluster is as it should be"
          : revision === status.lastAppliedRevision || status.lastAppliedRevision === undefined
          ? "nothing has changed"
          : `nothing that this delivery reads has changed since ${status.lastAppliedRevision}`
      }
    case "Denied":
      return { reason: "PolicyDenied", message: plural(outcome.summary.denied, "policy violation") }
    case "Failed":
      return {
        reason: outcome.error._tag,
        message: outcome.error.message,
        ...outcome.changes === undefined ? {} : { changes: outcome.changes }
      }
    case "Interrupted":
      return { message: `replaced by ${outcome.by}` }
  }
}

const past = (status: DeliveryStatus, outcome: Outcome, run: Run, facts: Facts): PastRun => {
  const revision = run.revision && format(run.revision)
  const { message, ...rest } = why(status, outcome, revision)
  return {
    id: run.id,
    ...revision === undefined ? {} : { revision },
    outcome: outcome._tag,
    why: run.why,
    ...rest,
    ...message === undefined ? {} : { message: line(message, facts, 300) },
    ...run.commit === undefined ? {} : {
      author: line(run.commit.author.name, facts, 100),
      subject: line(run.commit.subject, facts, 150)
    },
    startedAt: seconds(DateTime.formatIso(DateTime.makeUnsafe(run.startedAt))),
    durationMs: Math.round(run.durationMs)
  }
}

/** Whether a run says nothing that the one before it does not say: runs that did nothing, retries, a storm of commits. */
const replaces = (run: PastRun, before: PastRun | undefined): boolean =>
  before?.outcome === run.outcome && (
    run.outcome === "Unchanged" || run.outcome === "Interrupted" ||
    (run.outcome === "Failed" || run.outcome === "Denied") && run.why === "retry" &&
      before.revision === run.revision && before.reason === run.reason
  )

/** Whether an agent that was only started found what the one before it had found: that is nothing to write down. */
const isKnown = (run: PastRun, before: PastRun | undefined): boolean =>
  run.why === "started" && (run.outcome === "Denied" || run.outcome === "Failed") &&
  (["outcome", "revision", "reason", "message"] as const).every((field) => run[field] === before?.[field])

/** The last ten runs, newest first; of runs in a row that say the same, the newest. */
export const remembered = (
  status: DeliveryStatus,
  outcome: Outcome,
  run: Run,
  facts: Facts
): ReadonlyArray<PastRun> => {
  const history = status.history ?? []
  const newest = past(status, outcome, run, facts)
  if (isKnown(newest, history[0])) return history
  return [newest, ...history.slice(replaces(newest, history[0]) ? 1 : 0)].slice(0, most)
}
