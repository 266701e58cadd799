import type { Action, Changeset, FieldChange } from "../domain/Changeset.ts"
import type { Violation } from "../domain/Decision.ts"
import type { StageError } from "../domain/StageError.ts"
import { type CheckReport, reported, type ReportedError, worst } from "./CheckReport.ts"

/** One object that would change, without its content: values of Secrets are masked. */
export interface ReportedChange {
  readonly delivery: string
  readonly action: Action
  readonly object: Violation["object"]
  readonly fields: ReadonlyArray<FieldChange>
  readonly takesFrom: ReadonlyArray<string>
  /** Fields that are left to others from now on, with the values that they have. */
  readonly handsOver?: ReadonlyArray<string>
  readonly unproven?: string
}

/** The one document of `sluice diff`. Stable: `cli.sluice.dev/v1`. */
export interface ChangesetReport {
  readonly apiVersion: "cli.sluice.dev/v1"
  readonly kind: "ChangesetReport"
  readonly verdict: CheckReport["verdict"]
  readonly changes: ReadonlyArray<ReportedChange>
  /** What would be lost silently: one sentence each. */
  readonly losses: ReadonlyArray<string>
  readonly violations: ReadonlyArray<Violation>
  readonly errors: ReadonlyArray<ReportedError>
}

const report = (parts: Partial<ChangesetReport>): ChangesetReport => ({
  apiVersion: "cli.sluice.dev/v1",
  kind: "ChangesetReport",
  verdict: "passed",
  changes: [],
  losses: [],
  violations: [],
  errors: [],
  ...parts
})

/** What would change, as far as both passes of the gate let it. */
export const ofChangeset = (
  delivery: string,
  { changes, losses }: Changeset,
  violations: ReadonlyArray<Violation>,
  isDenied = false
): ChangesetReport =>
  report({
    verdict: isDenied ? "denied" : "passed",
    changes: changes.map(({ action, apiVersion, fields, handsOver, ref, takesFrom, unproven }) => ({
      delivery,
      action,
      object: {
        apiVersion,
        kind: ref.kind,
        ...ref.namespace === "" ? {} : { namespace: ref.namespace },
        name: ref.name
      },
      fields,
      takesFrom,
      ...handsOver === undefined ? {} : { handsOver },
      ...unproven === undefined ? {} : { unproven }
    })),
    losses,
    violations
  })

/** What the first pass denies is not looked at any further. */
export const ofDenial = (violations: ReadonlyArray<Violation>): ChangesetReport =>
  report({ verdict: "denied", violations })

export const ofError = (error: StageError): ChangesetReport => report({ verdict: "error", errors: [reported(error)] })

/** Several deliveries in one document, with the worst verdict. */
export const merge = (reports: ReadonlyArray<ChangesetReport>): ChangesetReport =>
  report({
    verdict: worst(reports),
    changes: reports.flatMap(({ changes }) => changes),
    losses: reports.flatMap(({ losses }) => losses),
    violations: reports.flatMap(({ violations }) => violations),
    errors: reports.flatMap(({ errors }) => errors)
  })

/** Whether applying would write anything. */
export const differs = ({ changes }: ChangesetReport): boolean => changes.some(({ action }) => action !== "unchanged")
