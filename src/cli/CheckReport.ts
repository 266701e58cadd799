import type { Decision, Summary, Verdict, Violation, Waived } from "../domain/Decision.ts"
import type { Manifest, Origin } from "../domain/Manifest.ts"
import { display } from "../domain/ObjectRef.ts"
import { hintOf, type StageError } from "../domain/StageError.ts"

/** Why something could not be judged, as reports carry it. */
export interface ReportedError {
  readonly reason: string
  readonly message: string
  readonly hint: string
  readonly source?: Origin
}

/** The one document of `sluice check`; every format is written from it. Stable: `cli.sluice.dev/v1`. */
export interface CheckReport {
  readonly apiVersion: "cli.sluice.dev/v1"
  readonly kind: "CheckReport"
  readonly verdict: "passed" | "denied" | "error"
  readonly summary: Summary
  readonly violations: ReadonlyArray<Violation>
  /** What would deny, were it not waived; left out where nothing is. */
  readonly waived?: ReadonlyArray<Waived>
  readonly errors: ReadonlyArray<ReportedError>
}

const nothing: Summary = { objects: 0, passed: 0, warned: 0, denied: 0, waived: 0 }

const report = (
  verdict: CheckReport["verdict"],
  summary: Summary,
  violations: ReadonlyArray<Violation>,
  errors: ReadonlyArray<ReportedError>,
  waived: ReadonlyArray<Waived> = []
): CheckReport => ({
  apiVersion: "cli.sluice.dev/v1",
  kind: "CheckReport",
  verdict,
  summary,
  violations,
  ...waived.length === 0 ? {} : { waived },
  errors
})

/** The verdict of the gate on one folder. */
export const ofDecision = (decision: Decision<ReadonlyArray<Manifest>>): CheckReport =>
  report(decision._tag === "Denied" ? "denied" : "passed", decision.summary, decision.violations, [], decision.waived)

/** What is said of a changeset that is only a sample: the gate lets nothing through by it. */
export const ofVerdict = ({ summary, violations, waived }: Verdict): CheckReport =>
  report(summary.denied > 0 ? "denied" : "passed", summary, violations, [], waived)

/** Objects that no policy judged, because there is none. */
export const ofObjects = (objects: number): CheckReport => report("passed", { ...nothing, objects }, [], [])

/** An error as reports, `diff` and `run` tell it: without the place, which has a field of its own. */
export const reported = (error: StageError): ReportedError => ({
  reason: error._tag,
  message: error.origin === undefined
    ? error.message
    : error.object === undefined
    ? error.detail
    : `${display(error.object)}: ${error.detail}`,
  hint: hintOf(error),
  ...error.origin === undefined ? {} : { source: error.origin }
})

export const ofError = (error: StageError): CheckReport => report("error", nothing, [], [reported(error)])

/** The verdict of several: an error says more than a denial. */
export const worst = (reports: ReadonlyArray<Pick<CheckReport, "verdict">>): CheckReport["verdict"] => {
  const verdicts = new Set(reports.map(({ verdict }) => verdict))
  return verdicts.has("error") ? "error" : verdicts.has("denied") ? "denied" : "passed"
}

/** Several folders in one document: sums, and the worst verdict. */
export const merge = (reports: ReadonlyArray<CheckReport>): CheckReport => {
  const summary = reports.reduce((sum, { summary }) => ({
    objects: sum.objects + summary.objects,
    passed: sum.passed + summary.passed,
    warned: sum.warned + summary.warned,
    denied: sum.denied + summary.denied,
    waived: sum.waived + summary.waived
  }), nothing)
  return report(
    worst(reports),
    summary,
    reports.flatMap(({ violations }) => violations),
    reports.flatMap(({ errors }) => errors),
    reports.flatMap(({ waived = [] }) => waived)
  )
}

/** 0 passed, 1 denied, 2 could not answer. */
export const exitCode = ({ verdict }: CheckReport): 0 | 1 | 2 => verdict === "passed" ? 0 : verdict === "denied" ? 1 : 2
