import { counted, type Counts } from "../domain/Changeset.ts"
import { display } from "../domain/ObjectRef.ts"
import type { Outcome, RunEvent } from "../domain/Outcome.ts"
import { oneLine } from "../domain/plainText.ts"
import { format } from "../domain/Revision.ts"

/** What an operator reads of an event; undefined for what is only on its way, or says nothing new. */
export interface LogLine {
  readonly level: "Info" | "Warn"
  readonly text: string
}

const changed = (changes: Counts): string =>
  Object.values(counted).filter((word) => word !== "unchanged" && changes[word] > 0)
    .map((word) => `${changes[word]} ${word}`).join(", ")

const ofOutcome = (outcome: Outcome, about: string): LogLine | undefined => {
  switch (outcome._tag) {
    case "Applied":
      return { level: "Info", text: `applied${about}: ${changed(outcome.changes)}` }
    case "Denied":
      return { level: "Warn", text: `refused${about}: ${outcome.summary.denied} denied` }
    case "Failed":
      return { level: "Warn", text: `failed${about}: ${outcome.error._tag}: ${oneLine(outcome.error.message, 1_000)}` }
    case "Interrupted":
      return { level: "Info", text: `interrupted${about} by ${outcome.by}` }
    case "Unchanged":
      return undefined
  }
}

export const logLine = (event: RunEvent): LogLine | undefined => {
  switch (event._tag) {
    case "RunEnded": {
      const { durationMs, revision } = event.details
      const told = ofOutcome(
        event.outcome,
        `${revision === undefined ? "" : ` ${format(revision)}`} in ${durationMs} ms`
      )
      const losses = "losses" in event.outcome ? event.outcome.losses ?? [] : []
      if (told === undefined || losses.length === 0) return told
      return { level: "Warn", text: `${told.text}; lost: ${oneLine(losses.join("; "), 2_000)}` }
    }
    case "DriftFound": {
      const [first, ...rest] = event.findings
      if (first === undefined) return undefined
      const fields = first.fields.length === 0 ? "" : ` (${first.fields.slice(0, 5).join(", ")})`
      const more = rest.length === 0 ? "" : `, and ${rest.length} more`
      const why = first.why === undefined ? "" : `: ${first.why}`
      const text = `drift ${first.action}: ${display(first.object)}${fields} by ${first.manager}${why}${more}`
      return { level: first.action === "denied" ? "Warn" : "Info", text: oneLine(text, 1_000) }
    }
    default:
      return undefined
  }
}
