import * as Data from "effect/Data"
import type { Counts } from "./Changeset.ts"
import type { Summary, Violation, Waived } from "./Decision.ts"
import type { DecisionRecord, Pass } from "./DecisionRecord.ts"
import type { DriftFinding } from "./DriftReport.ts"
import type { Commit, Revision } from "./Revision.ts"
import type { Stage, StageError } from "./StageError.ts"

/** What a run took away without anybody having written it down: one sentence each. Absent where there is nothing. */
export type Losses = ReadonlyArray<string>

/** How a run ended. Conditions, messages and exit codes are read off it in one place each. */
export type Outcome = Data.TaggedEnum<{
  Applied: {
    readonly changes: Counts
    /** The objects that changed, as people read them. */
    readonly objects: ReadonlyArray<string>
    readonly losses?: Losses
    readonly violations: ReadonlyArray<Violation>
    readonly waived?: ReadonlyArray<Waived>
    readonly summary: Summary
  }
  /** The summary is absent where the revision advanced without a run. */
  Unchanged: {
    readonly violations: ReadonlyArray<Violation>
    readonly waived?: ReadonlyArray<Waived>
    readonly summary: Summary | undefined
    readonly losses?: Losses
  }
  Denied: {
    readonly violations: ReadonlyArray<Violation>
    readonly waived?: ReadonlyArray<Waived>
    readonly summary: Summary
    /** Which pass refused it; the objects unless said. */
    readonly pass?: Pass
  }
  Failed: { readonly error: StageError; readonly changes: Counts | undefined; readonly losses?: Losses }
  Interrupted: { readonly by: string }
}>
export const Outcome = Data.taggedEnum<Outcome>()

/** What is known of a run by the time it ends. */
export interface Run {
  /** A ULID: sorts by start. */
  readonly id: string
  /** `<namespace>/<name>` of the delivery. */
  readonly delivery: string
  /** Why it started: `Request.why`. */
  readonly why: string
  readonly revision: Revision | undefined
  readonly commit: Commit | undefined
  /** The repository without credentials. */
  readonly url: string
  /** What the cluster was on before, as far as we know. */
  readonly previous: Revision | undefined
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly durationMs: number
  /** When the same desire is tried again; absent where nothing but a new identity helps. */
  readonly next?: { readonly inMs: number; readonly attempt: number }
  /** It could not even start: there is no such run, and this is told in its place. */
  readonly isHeld?: boolean
}

/** What can happen in a run; the last is its outcome. */
export type RunHappening = Data.TaggedEnum<{
  RunStarted: { readonly revision: Revision | undefined; readonly why: string }
  StageStarted: { readonly stage: Stage; readonly revision: Revision | undefined }
  StageFinished: { readonly stage: Stage; readonly durationMs: number; readonly note: string }
  /** A pass of the gate came to a decision. */
  PolicyDecided: { readonly revision: Revision | undefined; readonly record: DecisionRecord }
  RunInterrupted: { readonly stage: Stage | undefined; readonly by: string }
  RunEnded: { readonly outcome: Outcome; readonly details: Run }
  /** Between two runs: somebody changed what is kept. */
  DriftFound: { readonly findings: ReadonlyArray<DriftFinding> }
}>

/** One line of what is told while runs go on. */
export type RunEvent =
  & { readonly time: string; readonly delivery: string; readonly run: string }
  & RunHappening
