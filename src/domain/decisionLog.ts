import type { Violation, Waived } from "./Decision.ts"
import type { DecisionRecord } from "./DecisionRecord.ts"
import type { Json } from "./Json.ts"
import { displayOrigin } from "./Manifest.ts"
import { oneLine } from "./plainText.ts"

/** Violations of one decision that a line tells, and characters of a text; the counts are those of all. */
const most = 50
const longest = 500

/** Whose decision it is. */
export interface About {
  /** `<namespace>/<name>` */
  readonly delivery: string
  readonly run: string
  /** `main@sha1:…` */
  readonly revision: string | undefined
  /** Sees every text of somebody else's before it is cut or quoted: half a secret is not recognised. */
  readonly redact: (text: string) => string
}

/** What a decision's line says, beside its time. */
export type DecisionLine = Readonly<Record<string, Json>>

const described = (violation: Violation | Waived, line: (text: string) => string): Json => {
  const { bundle, enforcement, message, object, policy, rule, severity, source } = violation
  return {
    policy: line(policy),
    rule: line(rule),
    severity,
    ...enforcement === undefined ? {} : { enforcement },
    bundle: bundle.name,
    object: line([object.kind, object.namespace ?? "", object.name].join("/")),
    message: line(message),
    ...source === undefined ? {} : { source: line(displayOrigin(source)) },
    ..."waiver" in violation
      ? {
        waiver: {
          owner: line(violation.waiver.owner),
          reason: line(violation.waiver.reason),
          ...violation.waiver.until === undefined ? {} : { until: violation.waiver.until }
        }
      }
      : {}
  }
}

const worstFirst = (violations: ReadonlyArray<Violation>): ReadonlyArray<Violation> => [
  ...violations.filter(({ severity }) => severity === "deny"),
  ...violations.filter(({ severity }) => severity !== "deny")
]

/**
 * A decision in the field names of OPA's decision log, as far as it has them: `input` is left out (`erased` says so) and
 * told by its digest, `result` holds verdict, counts and 50 violations and 50 waived results at most.
 */
export const decisionLine = (record: DecisionRecord, { delivery, redact, revision, run }: About): DecisionLine => {
  const line = (text: string) => oneLine(redact(text), longest)
  const { evidence, summary, violations, waived } = record
  const labels = { app: "sluice", delivery, run, ...revision === undefined ? {} : { revision: line(revision) } }
  return {
    type: "openpolicyagent.org/decision_logs",
    decision_id: record.id,
    labels,
    bundles: Object.fromEntries(record.bundles.map(({ digest, name }) => [name, { revision: digest }])),
    path: `sluice/${record.pass}`,
    input_digest: evidence.input,
    erased: ["/input"],
    result: {
      verdict: record.verdict,
      ...summary,
      violations: worstFirst(violations).slice(0, most).map((violation) => described(violation, line)),
      ...waived.length === 0 ? {} : { waivers: waived.slice(0, most).map((violation) => described(violation, line)) }
    },
    metrics: {
      timer_rego_query_eval_ns: evidence.nanoseconds,
      counter_documents_judged: evidence.judged
    }
  }
}
