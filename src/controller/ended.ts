import * as DateTime from "effect/DateTime"
import type { DeliveryStatus } from "../api/v1alpha1/DeliveryStatus.ts"
import type { Summary, Violation, Waived } from "../domain/Decision.ts"
import { display } from "../domain/ObjectRef.ts"
import type { Outcome, Run } from "../domain/Outcome.ts"
import { withoutCredentials } from "../domain/repositoryAddress.ts"
import { format } from "../domain/Revision.ts"
import { classOf, type StageError } from "../domain/StageError.ts"
import { violation } from "../notify/Message.ts"
import { type Claim, conditionOf, no, type Type, unknown, withConditions, yes } from "./conditions.ts"
import type { Facts } from "./Facts.ts"
import { withFields } from "./fields.ts"
import { isBlip, remembered, seconds } from "./history.ts"
import { denied, failed, judged, line, next as whatNext } from "./words.ts"

type Claims = Partial<Record<Type, Claim | undefined>>

/** Violations that a status names one by one; the rest is counted. */
const named = 20

const isUnhealthy = ({ _tag }: StageError): boolean => _tag === "HealthCheckFailed" || _tag === "HealthTimeout"

/** Ready again, with nothing left to do. */
export const succeeded = (revision: string | undefined): Claims => ({
  Ready: yes("Succeeded", revision === undefined ? "Applied" : `Applied revision: ${revision}`),
  Reconciling: undefined,
  Stalled: undefined
})

/** Not ready. What goes on by itself is `Reconciling`; what waits for somebody is `Stalled`. */
export const notReady = (reason: string, why: string, goesOn: boolean, next: string): Claims => ({
  Ready: no(reason, why),
  Reconciling: goesOn ? yes(reason, next) : undefined,
  Stalled: goesOn ? undefined : yes(reason, next)
})

/** What an error says of a delivery, whether a run ended by it or none could start. */
export const failure = (error: StageError, next: Run["next"], facts: Facts): Claims => ({
  ...notReady(
    error._tag,
    line(failed(error), facts),
    classOf(error) === "transient" || error._tag === "DependencyNotReady",
    line(`${whatNext(error, next)}: ${error.message}`, facts)
  ),
  ...error._tag === "PolicyUnavailable" ? { PolicyPassed: unknown(error._tag, line(error.message, facts)) } : {}
})

/** Whether a run shows: one that looks again at what was judged before says nothing until it writes. */
const shows = (status: DeliveryStatus): boolean => status.stage !== undefined

/** Policies and health as far as a run that failed came. */
const reached = (status: DeliveryStatus, error: StageError, facts: Facts): Claims => ({
  ...shows(status) && status.stage !== "apply"
    ? { PolicyPassed: unknown(error._tag, "The run ended before everything was judged") }
    : {},
  ...isUnhealthy(error)
    ? { Healthy: no(error._tag, line(error.message, facts)) }
    : conditionOf(status, "Healthy")?.reason === "InProgress"
    ? { Healthy: unknown(error._tag, "The run ended before health was looked at") }
    : {}
})

const passed = (status: DeliveryStatus, summary: Summary | undefined): Claim => {
  if (summary !== undefined) return yes("Succeeded", judged(summary))
  const before = conditionOf(status, "PolicyPassed")
  return before?.status === "True"
    ? yes(before.reason, before.message)
    : yes("Succeeded", "Judged before, and nothing has changed since")
}

const healthy = ({ waits }: Facts): Claim =>
  waits ? yes("Succeeded", "All objects are healthy") : unknown("NotWaitedFor", "spec.apply.wait is false")

/**
 * A revision that changes nothing takes over what is known of the one before it, also that it is not healthy. What still
 * shows as in progress is not: the end of that run is about to be told, or was never told, because its agent was killed.
 */
const advanced = (status: DeliveryStatus, revision: string | undefined, facts: Facts): Claims => {
  const health = conditionOf(status, "Healthy")
  const claims = { PolicyPassed: passed(status, undefined) }
  return health?.status === "False"
    ? { ...claims, ...notReady(health.reason, health.message, true, `Tried again by itself: ${health.message}`) }
    : { ...claims, ...succeeded(revision), Healthy: healthy(facts) }
}

const claimsOf = (status: DeliveryStatus, outcome: Outcome, run: Run, revision: string | undefined, facts: Facts) => {
  switch (outcome._tag) {
    case "Applied":
      return { ...succeeded(revision), PolicyPassed: passed(status, outcome.summary), Healthy: healthy(facts) }
    case "Unchanged":
      return outcome.summary === undefined
        ? advanced(status, revision, facts)
        : { ...succeeded(revision), PolicyPassed: passed(status, outcome.summary), Healthy: healthy(facts) }
    case "Denied": {
      const said = denied(outcome.violations, outcome.summary)
      // The policies are others than when it was let through.
      const isApplied = revision !== undefined && status.lastAppliedRevision === revision
      const why = line(
        isApplied ? `${revision} is applied and stays, and would be refused by now: ${said}` : said,
        facts
      )
      return {
        ...notReady("PolicyDenied", why, false, why),
        PolicyPassed: no("PolicyDenied", judged(outcome.summary))
      }
    }
    case "Failed":
      return { ...reached(status, outcome.error, facts), ...failure(outcome.error, run.next, facts) }
    case "Interrupted":
      return {}
  }
}

const waiver = ({ object, policy, waiver: { owner, reason, until } }: Waived, facts: Facts) => ({
  policy: line(policy, facts, 200),
  object: line(display({ group: "", namespace: "", ...object }), facts, 400),
  owner: line(owner, facts, 200),
  reason: line(reason, facts, 400),
  ...until === undefined ? {} : { until }
})

const policyOf = (status: DeliveryStatus, outcome: Outcome, facts: Facts): DeliveryStatus["policy"] => {
  const judgement:
    | {
      readonly summary: Summary | undefined
      readonly violations: ReadonlyArray<Violation>
      readonly waived?: ReadonlyArray<Waived>
    }
    | undefined = "violations" in outcome ? outcome : undefined
  if (judgement === undefined) return status.policy
  if (judgement.summary === undefined) return (status.policy?.denied ?? 0) > 0 ? undefined : status.policy
  const { denied, passed, waived, warned } = judgement.summary
  const clean = { line: (text: string, limit: number) => line(text, facts, limit) }
  const violations = judgement.violations
    .toSorted((a, b) => a.severity.localeCompare(b.severity))
    .slice(0, named)
    .map((found) => violation(clean, found))
  const waivers = (judgement.waived ?? []).slice(0, named).map((found) => waiver(found, facts))
  return {
    passed,
    warned,
    denied,
    waived,
    ...violations.length === 0 ? {} : { violations },
    ...waivers.length === 0 ? {} : { waivers },
    ...facts.bundles === undefined ? {} : { bundles: facts.bundles }
  }
}

const sourceOf = (status: DeliveryStatus, run: Run, facts: Facts): DeliveryStatus["source"] => {
  if (run.revision === undefined) return status.source
  const revision = format(run.revision)
  const commit = run.commit === undefined
    ? status.source?.revision === revision ? status.source : {}
    : {
      author: line(run.commit.author.name, facts, 100),
      subject: line(run.commit.subject, facts, 150),
      time: seconds(DateTime.formatIso(DateTime.makeUnsafe(run.commit.time * 1_000)))
    }
  return { ...commit, revision, url: line(withoutCredentials(run.url), facts) }
}

/** Whether everything of the run's revision stands in the cluster. */
const isApplied = (outcome: Outcome): boolean =>
  outcome._tag === "Applied" || outcome._tag === "Unchanged" || outcome._tag === "Failed" && isUnhealthy(outcome.error)

/** Runs that found nothing new about what was known are no news, unless a person asked for them. */
const isWorthRemembering = (status: DeliveryStatus, outcome: Outcome, run: Run): boolean =>
  outcome._tag !== "Unchanged" || shows(status) || run.why === "manual"

/** A source that cannot be listed ends no run: while one goes on, its end is what counts. */
const isAside = (status: DeliveryStatus, outcome: Outcome, run: Run): boolean =>
  outcome._tag === "Failed" && run.revision === undefined && shows(status)

const blip = (status: DeliveryStatus, error: StageError, next: Run["next"], facts: Facts): DeliveryStatus => {
  const ready = conditionOf(status, "Ready")
  if (!shows(status) && ready !== undefined && ready.status !== "Unknown") return status
  const message = line(`${whatNext(error, next)}: ${error.message}`, facts)
  const claims = { Reconciling: yes(error._tag, message), Stalled: undefined }
  const unready = ready === undefined || ready.status === "Unknown" ? { Ready: unknown("InProgress", message) } : {}
  return withFields(withConditions(status, { ...claims, ...unready }, facts), { stage: undefined })
}

/** Those of one revision stay until another is applied, whatever its later runs find. */
const lossesOf = (status: DeliveryStatus, outcome: Outcome, revision: string | undefined, facts: Facts) => {
  const found = "losses" in outcome ? outcome.losses : undefined
  if (found !== undefined) return found.slice(0, named).map((loss) => line(loss, facts, 500))
  return isApplied(outcome) && revision !== status.lastAppliedRevision ? undefined : status.losses
}

/** What a status becomes by the end of a run. */
export const ended = (status: DeliveryStatus, outcome: Outcome, run: Run, facts: Facts): DeliveryStatus => {
  if (isAside(status, outcome, run)) return status
  if (outcome._tag === "Failed" && isBlip(outcome.error, run.next)) return blip(status, outcome.error, run.next, facts)
  if (outcome._tag === "Interrupted") {
    // A shutdown is no end: whoever starts next takes it up.
    return outcome.by === "shutdown" || !shows(status)
      ? status
      : withFields(status, { history: remembered(status, outcome, run, facts) })
  }
  const newest = status.history?.[0]
  // While its end was told, a revision that changes nothing took its place.
  const overtaken = newest?.outcome === "Unchanged" && newest.id > run.id
  const revision = overtaken ? status.lastAppliedRevision : run.revision && format(run.revision)
  const told = withConditions(status, claimsOf(status, outcome, run, revision, facts), facts)
  return withFields(told, {
    stage: undefined,
    source: overtaken ? status.source : sourceOf(status, run, facts),
    lastAttemptedRevision: revision ?? status.lastAttemptedRevision,
    lastAppliedRevision: isApplied(outcome) ? revision : status.lastAppliedRevision,
    lastHandledReconcileAt: facts.requestedAt ?? status.lastHandledReconcileAt,
    policy: policyOf(status, outcome, facts),
    losses: lossesOf(status, outcome, revision, facts),
    changes: ("changes" in outcome ? outcome.changes : undefined) ?? status.changes,
    history: isWorthRemembering(status, outcome, run) ? remembered(status, outcome, run, facts) : status.history
  })
}
