import { counted, type Counts } from "../domain/Changeset.ts"
import { display } from "../domain/ObjectRef.ts"
import type { Outcome, RunEvent } from "../domain/Outcome.ts"
import { oneLine } from "../domain/plainText.ts"
import { format } from "../domain/Revision.ts"
import { errorPage, type Stage, type StageError } from "../domain/StageError.ts"

/** The annotations of a line beside those of its Delivery. */
export type LineAbout = {
  readonly run: string
  /** `main@sha1:…` */
  readonly revision?: string
  readonly stage?: Stage
  /** The reason, one word of the page of errors. */
  readonly error?: string
}

/** What an operator reads of an event; undefined for what is only on its way, or says nothing new. */
export interface LogLine {
  readonly level: "Info" | "Warn"
  readonly text: string
  /** What programs look for. */
  readonly about: LineAbout
}

const changed = (changes: Counts): string =>
  Object.values(counted).filter((word) => word !== "unchanged" && changes[word] > 0)
    .map((word) => `${changes[word]} ${word}`).join(", ")

type Told = Omit<LogLine, "about">

const ofOutcome = (outcome: Outcome, about: string): Told | undefined => {
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

/** Where a run ended: the stage of what went wrong, and its name. */
const failing = (outcome: Outcome): Pick<LineAbout, "stage" | "error"> =>
  outcome._tag === "Failed"
    ? { stage: errorPage[outcome.error._tag].stage, error: outcome.error._tag }
    : outcome._tag === "Denied"
    ? { stage: "policy", error: "PolicyDenied" }
    : {}

const aboutOf = (event: RunEvent, applied: string | undefined): LineAbout => {
  if (event._tag !== "RunEnded") return { run: event.run, ...applied === undefined ? {} : { revision: applied } }
  const { details: { revision }, outcome } = event
  return { run: event.run, ...revision === undefined ? {} : { revision: format(revision) }, ...failing(outcome) }
}

/** Why no run may start, under the id by which its message is known. */
export const refusalLine = (error: StageError, run: string): LogLine => ({
  level: "Warn",
  text: `cannot run: ${error._tag}: ${oneLine(error.message, 1_000)}`,
  about: { run, stage: errorPage[error._tag].stage, error: error._tag }
})

/** `applied` is what the cluster is on, as far as anybody knows: what drifts has drifted from that. */
export const logLine = (event: RunEvent, applied?: string): LogLine | undefined => {
  const told = lineOf(event)
  return told && { ...told, about: aboutOf(event, applied) }
}

const lineOf = (event: RunEvent): Told | undefined => {
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
