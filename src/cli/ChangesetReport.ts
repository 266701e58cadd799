import type { Action, Changeset, FieldChange } from "../domain/Changeset.ts"
import type { Verdict, Violation, Waived } from "../domain/Decision.ts"
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
  /** What would deny, were it not waived; left out where nothing is. */
  readonly waived?: ReadonlyArray<Waived>
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

type Said = Pick<Verdict, "violations" | "waived">

const saying = ({ violations, waived }: Said): Said | Pick<Said, "violations"> =>
  waived.length === 0 ? { violations } : { violations, waived }

/** What would change, as far as both passes of the gate let it. */
export const ofChangeset = (
  delivery: string,
  { changes, losses }: Changeset,
  said: Said,
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
    ...saying(said)
  })

/** What the first pass denies is not looked at any further. */
export const ofDenial = (said: Said): ChangesetReport => report({ verdict: "denied", ...saying(said) })

export const ofError = (error: StageError): ChangesetReport => report({ verdict: "error", errors: [reported(error)] })

/** Several deliveries in one document, with the worst verdict. */
export const merge = (reports: ReadonlyArray<ChangesetReport>): ChangesetReport =>
  report({
    verdict: worst(reports),
    changes: reports.flatMap(({ changes }) => changes),
    losses: reports.flatMap(({ losses }) => losses),
    ...saying({
      violations: reports.flatMap(({ violations }) => violations),
      waived: reports.flatMap(({ waived = [] }) => waived)
    }),
    errors: reports.flatMap(({ errors }) => errors)
  })

/** Whether applying would write anything. */
export const differs = ({ changes }: ChangesetReport): boolean => changes.some(({ action }) => action !== "unchanged")
