import { display } from "../domain/ObjectRef.ts"
import type { Outcome, RunEvent } from "../domain/Outcome.ts"
import { format } from "../domain/Revision.ts"
import { reported } from "./CheckReport.ts"

/** What an outcome adds to its document. */
const outcomeFields = (outcome: Outcome): object => {
  switch (outcome._tag) {
    case "Applied":
      return { changes: outcome.changes, objects: outcome.objects, violations: outcome.violations }
    case "Unchanged":
      return { violations: outcome.violations }
    case "Denied":
      return { violations: outcome.violations }
    case "Failed":
      return { changes: outcome.changes, error: reported(outcome.error) }
    case "Interrupted":
      return { by: outcome.by }
  }
}

/** What a run says of itself on stdout; its decisions are for the log. */
export type Shown = Exclude<RunEvent, { readonly _tag: "PolicyDecided" }>

const happened = (event: Shown): object => {
  switch (event._tag) {
    case "RunStarted":
      return { event: "run-started", revision: event.revision && format(event.revision), why: event.why }
    case "StageStarted":
      return { event: "stage-started", stage: event.stage, revision: event.revision && format(event.revision) }
    case "StageFinished":
      return { event: "stage-finished", stage: event.stage, durationMs: event.durationMs, note: event.note }
    case "RunInterrupted":
      return { event: "run-interrupted", stage: event.stage, by: event.by }
    case "DriftFound":
      return {
        event: "drift-healed",
        findings: event.findings.map(({ object, ...finding }) => ({ object: display(object), ...finding }))
      }
    case "RunEnded":
      return {
        event: "outcome",
        outcome: event.outcome._tag,
        revision: event.details.revision && format(event.details.revision),
        previous: event.details.previous && format(event.details.previous),
        durationMs: event.details.durationMs,
        next: event.details.next,
        ...outcomeFields(event.outcome),
        ..."waived" in event.outcome && (event.outcome.waived ?? []).length > 0 ? { waived: event.outcome.waived } : {},
        ..."losses" in event.outcome ? { losses: event.outcome.losses } : {}
      }
  }
}

/** One line of `run -o json`: stable, `cli.sluice.dev/v1`. What is not known is left out. */
export const runDocument = (event: Shown): string =>
  JSON.stringify({ time: event.time, delivery: event.delivery, run: event.run, ...happened(event) })
