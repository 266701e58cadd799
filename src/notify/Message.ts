import * as Schema from "effect/Schema"
import { Summary, Violation } from "../domain/Decision.ts"
import { Origin } from "../domain/Manifest.ts"
import { display } from "../domain/ObjectRef.ts"
import type { Outcome, Run } from "../domain/Outcome.ts"
import { lines, oneLine } from "../domain/plainText.ts"
import { withoutCredentials } from "../domain/repositoryAddress.ts"
import { format, Revision } from "../domain/Revision.ts"
import { classOf, type ErrorClass, errorPage, hintOf, type StageError, stages } from "../domain/StageError.ts"
import { State } from "./transition.ts"

/** What a message names one by one; the rest is counted. */
const named = 20

/**
 * All that is told of one transition, free of any sink's notation. It stands in the outbox until it is sent.
 *
 * Text of the repository is bounded and free of control characters here; each sink escapes it for its own target.
 */
export const Message = Schema.Struct({
  state: State,
  /** `<namespace>/<name>`. */
  delivery: Schema.String,
  cluster: Schema.optionalKey(Schema.String),
  run: Schema.String,
  /** Milliseconds since the epoch: when the run ended. */
  time: Schema.Finite,
  durationMs: Schema.Finite,
  /** The repository, for links. */
  url: Schema.String,
  revision: Schema.optionalKey(Revision),
  /** What the cluster was on before. */
  previous: Schema.optionalKey(Revision),
  commit: Schema.optionalKey(Schema.Struct({ hash: Schema.String, subject: Schema.String, author: Schema.String })),
  summary: Schema.optionalKey(Summary),
  changes: Schema.optionalKey(Schema.Struct({
    created: Schema.Int,
    configured: Schema.Int,
    replaced: Schema.Int,
    pruned: Schema.Int,
    unchanged: Schema.Int
  })),
  /** No run could start: what it says is of no stage and no revision. */
  isHeld: Schema.optionalKey(Schema.Boolean),
  /** When the same revision is tried again. */
  next: Schema.optionalKey(Schema.Struct({ inMs: Schema.Finite, attempt: Schema.Int })),
  /** The first of the changed objects. */
  objects: Schema.Array(Schema.String),
  objectCount: Schema.Int,
  /** What was taken away without anybody having written it down: the first of them, and how many there are. */
  losses: Schema.optionalKey(Schema.Array(Schema.String)),
  lossCount: Schema.optionalKey(Schema.Int),
  /** Whether the run waited until everything was healthy. */
  healthy: Schema.Boolean,
  /** The first violations, denials before warnings. */
  violations: Schema.Array(Violation),
  violationCount: Schema.Int,
  error: Schema.optionalKey(Schema.Struct({
    reason: Schema.String,
    stage: Schema.Literals(stages),
    class: Schema.Literals(["transient", "stalled", "blocked"] satisfies ReadonlyArray<ErrorClass>),
    message: Schema.String,
    hint: Schema.String,
    origin: Schema.optionalKey(Origin),
    object: Schema.optionalKey(Schema.String)
  }))
})
export type Message = typeof Message.Type

/** Redacts, then bounds: a secret that was cut short would not be known any more. */
interface Clean {
  readonly line: (text: string, limit: number) => string
  readonly lines: (text: string, limit: number) => string
}

const origin = (clean: Pick<Clean, "line">, place: Origin | undefined) =>
  place === undefined ? undefined : { ...place, file: clean.line(place.file, 300) }

/** A violation whose texts are bounded. */
export const violation = (clean: Pick<Clean, "line">, found: Violation): Violation => {
  const source = origin(clean, found.source)
  return {
    policy: clean.line(found.policy, 100),
    package: clean.line(found.package, 200),
    rule: clean.line(found.rule, 100),
    severity: found.severity,
    ...found.enforcement === undefined ? {} : { enforcement: found.enforcement },
    ...found.title === undefined ? {} : { title: clean.line(found.title, 150) },
    ...found.impact === undefined ? {} : { impact: clean.line(found.impact, 40) },
    message: clean.line(found.message, 500),
    ...found.remedy === undefined ? {} : { remedy: clean.line(found.remedy, 500) },
    ...found.url === undefined ? {} : { url: clean.line(found.url, 500) },
    object: {
      apiVersion: clean.line(found.object.apiVersion, 100),
      kind: clean.line(found.object.kind, 63),
      ...found.object.namespace === undefined ? {} : { namespace: clean.line(found.object.namespace, 63) },
      name: clean.line(found.object.name, 253)
    },
    ...source === undefined ? {} : { source },
    bundle: { name: clean.line(found.bundle.name, 100), digest: found.bundle.digest }
  }
}

const failure = (clean: Clean, error: StageError) => {
  const source = origin(clean, error.origin)
  return {
    reason: error._tag,
    stage: errorPage[error._tag].stage,
    class: classOf(error),
    message: clean.lines(error.message, 1_000),
    hint: clean.line(hintOf(error), 500),
    ...source === undefined ? {} : { origin: source },
    ...error.object === undefined ? {} : { object: clean.line(display(error.object), 300) }
  }
}

const judged = (clean: Clean, violations: ReadonlyArray<Violation>) => ({
  violations: violations
    .toSorted((a, b) => a.severity.localeCompare(b.severity))
    .slice(0, named)
    .map((found) => violation(clean, found)),
  violationCount: violations.length
})

const lost = (clean: Clean, outcome: Outcome) => {
  const losses = "losses" in outcome ? outcome.losses ?? [] : []
  return losses.length === 0
    ? {}
    : { losses: losses.slice(0, named).map((loss) => clean.line(loss, 500)), lossCount: losses.length }
}

/** What an outcome adds to what is known of its run. */
const details = (clean: Clean, outcome: Outcome): Partial<Message> => {
  switch (outcome._tag) {
    case "Applied":
      return {
        ...judged(clean, outcome.violations),
        changes: outcome.changes,
        summary: outcome.summary,
        objects: outcome.objects.slice(0, named).map((object) => clean.line(object, 300)),
        objectCount: outcome.objects.length
      }
    case "Unchanged":
      return outcome.summary === undefined ? {} : { summary: outcome.summary }
    case "Denied":
      return { ...judged(clean, outcome.violations), summary: outcome.summary }
    case "Failed":
      return {
        error: failure(clean, outcome.error),
        ...outcome.changes === undefined ? {} : { changes: outcome.changes }
      }
    case "Interrupted":
      return {}
  }
}

/** The one place that turns an outcome into a message. `redact` sees every text of somebody else's. */
export const ofOutcome = (options: {
  readonly state: State
  readonly outcome: Outcome
  readonly run: Run
  /** Whether the delivery waits for health. */
  readonly waits: boolean
  readonly cluster: string | undefined
  readonly redact: (text: string) => string
}): Message => {
  const { cluster, outcome, redact, run, state } = options
  const clean: Clean = {
    line: (text, limit) => oneLine(redact(text), limit),
    lines: (text, limit) => lines(redact(text), limit)
  }
  return {
    state,
    delivery: run.delivery,
    ...cluster === undefined ? {} : { cluster },
    run: run.id,
    time: run.startedAt + run.durationMs,
    durationMs: run.durationMs,
    url: clean.line(withoutCredentials(run.url), 1_000),
    ...run.revision === undefined ? {} : { revision: run.revision },
    ...run.previous === undefined ? {} : { previous: run.previous },
    ...run.commit === undefined ? {} : {
      commit: {
        hash: run.commit.hash,
        subject: clean.line(run.commit.subject, 150),
        author: clean.line(run.commit.author.name, 100)
      }
    },
    ...run.isHeld === true ? { isHeld: true } : {},
    ...run.next === undefined ? {} : { next: run.next },
    objects: [],
    objectCount: 0,
    healthy: options.waits && outcome._tag === "Applied",
    violations: [],
    violationCount: 0,
    ...details(clean, outcome),
    ...lost(clean, outcome)
  }
}

/** The revision as it stands in records and events; empty if the run never learnt it. */
export const revisionOf = (message: Pick<Message, "revision">): string =>
  message.revision === undefined ? "" : format(message.revision)
