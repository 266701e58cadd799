import type { Outcome, Run, RunEvent } from "../domain/Outcome.ts"
import { format } from "../domain/Revision.ts"
import type { Stage } from "../domain/StageError.ts"
import { repositoryAttributes } from "./repository.ts"

export type Attributes = Readonly<Record<string, string | number | boolean>>

/** `cicd.pipeline.result` and `cicd.pipeline.task.run.result` of OpenTelemetry's semantic conventions. */
export type Result = "success" | "failure" | "error" | "timeout" | "cancellation" | "skip"

/** One span. Times are milliseconds since the epoch. */
export interface Span {
  readonly name: string
  readonly start: number
  readonly end: number
  readonly attributes: Attributes
  /** What went wrong: `error.type`, and a sentence. */
  readonly error: { readonly type: string; readonly message: string } | undefined
}

/** `task.type` of each stage. */
const kinds: Readonly<Record<Stage, string>> = {
  fetch: "build",
  render: "build",
  policy: "test",
  diff: "test",
  apply: "deploy",
  notify: "deploy"
}

/** What the manifests or the rules are to blame for is a failure; that nobody could tell is an error. */
const failures = new Set([
  "RenderFailed",
  "InvalidSpec",
  "DiffFailed",
  "ApplyFailed",
  "ApplyConflict",
  "PruneBlocked",
  "HealthCheckFailed"
])

const resultOf = (outcome: Outcome): Result => {
  switch (outcome._tag) {
    case "Applied":
      return "success"
    case "Unchanged":
      return outcome.summary === undefined ? "skip" : "success"
    case "Denied":
      return "failure"
    case "Interrupted":
      return "cancellation"
    case "Failed":
      return outcome.error._tag === "HealthTimeout"
        ? "timeout"
        : failures.has(outcome.error._tag)
        ? "failure"
        : "error"
  }
}

const errorOf = (outcome: Outcome): Span["error"] =>
  outcome._tag === "Failed"
    ? { type: outcome.error._tag, message: outcome.error.message }
    : outcome._tag === "Denied"
    ? { type: "PolicyDenied", message: `${outcome.summary.denied} denied` }
    : undefined

/** Where the trace goes on that the commit names: https://www.w3.org/TR/trace-context, as a trailer of the message. */
const traceparent = /^traceparent:\s*00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})\s*$/imu

export interface Parent {
  readonly traceId: string
  readonly spanId: string
  readonly sampled: boolean
}

interface Timed {
  readonly stage: Stage
  readonly start: number
  end: number | undefined
}

/** What is known of one run, put together from what is told of it: a span for the run, and one for each stage. */
export class RunTrace {
  readonly #run: string
  readonly #stages: Array<Timed> = []
  #ended: { readonly details: Run; readonly outcome: Outcome } | undefined

  constructor({ run }: RunEvent) {
    this.#run = run
  }

  hear(event: RunEvent): void {
    const at = Date.parse(event.time)
    if (event._tag === "StageStarted") this.#stages.push({ stage: event.stage, start: at, end: undefined })
    else if (event._tag === "StageFinished") {
      const open = this.#stages.findLast(({ end, stage }) => end === undefined && stage === event.stage)
      if (open !== undefined) open.end = at
    } else if (event._tag === "RunEnded") this.#ended = event
  }

  /** The trace that the commit's author asked to go on with. */
  get parent(): Parent | undefined {
    const [, traceId, spanId, flags] = traceparent.exec(this.#ended?.details.commit?.message ?? "") ?? []
    if (traceId === undefined || spanId === undefined || /^0+$/u.test(traceId) || /^0+$/u.test(spanId)) return undefined
    return { traceId, spanId, sampled: (Number.parseInt(flags ?? "0", 16) & 1) === 1 }
  }

  /** The run first, then its stages in their order; none before the run ended. */
  spans(cluster: string | undefined): ReadonlyArray<Span> {
    if (this.#ended === undefined) return []
    const { details, outcome } = this.#ended
    const { delivery, durationMs, revision, startedAt, url, why } = details
    const end = startedAt + durationMs
    const result = resultOf(outcome)
    const error = errorOf(outcome)
    const failed = error === undefined ? {} : { "error.type": error.type }
    const run: Span = {
      name: `deliver ${delivery}`,
      start: startedAt,
      end,
      error,
      attributes: {
        "cicd.pipeline.name": delivery,
        "cicd.pipeline.action.name": "SYNC",
        "cicd.pipeline.run.id": this.#run,
        "cicd.pipeline.result": result,
        ...repositoryAttributes(url),
        ...revision === undefined ? {} : {
          "vcs.ref.head.name": revision.name,
          "vcs.ref.head.revision": revision.hash,
          "sluice.revision": format(revision)
        },
        "k8s.namespace.name": delivery.slice(0, delivery.indexOf("/")),
        ...cluster === undefined ? {} : { "k8s.cluster.name": cluster },
        "sluice.run.why": why,
        "sluice.outcome": outcome._tag,
        ...outcome._tag === "Applied"
          ? Object.fromEntries(
            Object.entries(outcome.changes).map(([word, count]) => [`sluice.changes.${word}`, count])
          )
          : {},
        ...failed
      }
    }
    // A denial ends its stage as planned: it is the second pass, or the first, that refused.
    const blamed = outcome._tag === "Denied" ? this.#stages.findLast(({ stage }) => stage === "policy") : undefined
    const stages = this.#stages.map((timed): Span => {
      const { stage, start } = timed
      const isCut = timed.end === undefined
      const wrong = isCut || timed === blamed ? error : undefined
      return {
        name: stage,
        start,
        end: Math.max(start, timed.end ?? end),
        error: wrong,
        attributes: {
          "cicd.pipeline.task.name": stage,
          "cicd.pipeline.task.type": kinds[stage],
          "cicd.pipeline.task.run.id": `${this.#run}/${stage}`,
          "cicd.pipeline.task.run.result": isCut || timed === blamed ? result : "success",
          ...wrong === undefined ? {} : failed
        }
      }
    })
    return [run, ...stages]
  }
}
