import type { Violation, Waived } from "../domain/Decision.ts"
import type { DecisionRecord, Pass } from "../domain/DecisionRecord.ts"
import { digest } from "../domain/digest.ts"
import { at, canonical, type JsonObject } from "../domain/Json.ts"
import { oneLine } from "../domain/plainText.ts"
import type { DeliveryId } from "../kube/DeliveryWriter.ts"

/** Results of one report; the summary counts all. */
const most = 500
/** Bytes of them: etcd takes 1.5 MB, and metadata comes on top. */
const mostBytes = 900_000
const longestName = 63

/** `pass` is counted, never listed. */
const ranks = { error: 0, fail: 1, warn: 2, skip: 3 } as const
type Result = keyof typeof ranks

const severities = new Map<string, string>([
  ...["critical", "high", "medium", "low", "info"].map((word) => [word, word] as const),
  ["moderate", "medium"],
  ["error", "high"],
  ["warning", "medium"],
  ["informational", "info"]
])

/** A report without what the cluster's kind of report adds. */
export interface PolicyReport {
  readonly summary: Readonly<Record<"pass" | Result, number>>
  readonly results: ReadonlyArray<JsonObject>
  /** Of what it says, times apart: a report that says the same is not written again. */
  readonly digest: string
}

/** What a report is about. */
export interface Reported {
  readonly delivery: Pick<DeliveryId, "namespace" | "name">
  readonly revision: string | undefined
  /** The decisions of one run: of the objects and, where it came to that, of the changeset. */
  readonly records: ReadonlyArray<DecisionRecord>
  /** Why nobody could decide, where it is so. */
  readonly unavailable?: string | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly redact: (text: string) => string
}

/** `sluice-<delivery>`, shortened by a hash where that would be too long for a label. */
export const reportName = (delivery: string): string => {
  const name = `sluice-${delivery}`
  if (name.length <= longestName) return name
  const hash = digest(delivery).slice(7, 15)
  return `${name.slice(0, longestName - hash.length - 1).replace(/[-.]+$/u, "")}-${hash}`
}

/** What stands for a value of a Secret is another in each process, and no other result for that. */
const steady = (text: string): string => text.replaceAll(/\(masked [0-9a-f]+\)/gu, "(masked)")

const resultOf = (violation: Violation): Result =>
  "waiver" in violation
    ? "skip"
    : violation.rule === "error"
    ? "error"
    : violation.severity === "deny"
    ? "fail"
    : "warn"

/** The shipped library's category, `library.pod_security.host_ports`: `pod-security`; of all others the bundle. */
const categoryOf = ({ bundle, package: name }: Violation): string => {
  const [root, category] = name.split(".")
  return root === "library" && category !== undefined ? category.replaceAll("_", "-") : bundle.name
}

const properties = (
  violation: Violation | Waived,
  pass: string,
  id: string,
  { redact, revision }: Reported
): JsonObject => {
  const { bundle, enforcement, remedy, source, title, url } = violation
  const waiver = "waiver" in violation ? violation.waiver : undefined
  const texts = {
    title,
    remedy,
    url,
    file: source?.file,
    revision,
    owner: waiver?.owner,
    reason: waiver?.reason,
    until: waiver?.until
  }
  return {
    // Policy Reporter tells results apart by it; by itself it would take the same message about two kinds for one.
    resultID: id,
    bundle: bundle.name,
    digest: bundle.digest,
    pass,
    ...enforcement === undefined ? {} : { enforcement },
    ...source?.line === undefined ? {} : { line: String(source.line) },
    ...Object.fromEntries(
      Object.entries(texts).flatMap(([name, text]) => text === undefined ? [] : [[name, oneLine(redact(text), 500)]])
    )
  }
}

interface Found {
  readonly violation: Violation | Waived
  readonly pass: Pass
}

const placeOf = ({ object: { apiVersion, kind, name, namespace = "" } }: Violation): ReadonlyArray<string> => [
  apiVersion,
  kind,
  namespace,
  name
]

const entryOf = ({ pass, violation }: Found, about: Reported): JsonObject => {
  const { delivery: { name, namespace }, now, redact } = about
  const { bundle, impact, object, package: from, policy, rule } = violation
  const result = resultOf(violation)
  const message = oneLine(redact(violation.message), 1_000)
  const severity = severities.get(impact?.toLowerCase() ?? "")
  const whose = [namespace, name, pass, bundle.name, from, policy, rule, result]
  return {
    source: "sluice",
    policy: oneLine(redact(policy), 200),
    rule: oneLine(redact(rule), 200),
    category: oneLine(categoryOf(violation), 200),
    ...severity === undefined ? {} : { severity },
    result,
    scored: result === "fail" || result === "error",
    message,
    timestamp: { seconds: Math.floor(now / 1_000), nanos: 0 },
    resources: [{ ...object }],
    properties: properties(
      violation,
      pass,
      digest(...whose, ...placeOf(violation), steady(message)).slice(7, 39),
      about
    )
  }
}

/** The worst, in an order that is always the same. Of thousands only those that are told are looked at closely. */
const worst = (records: ReadonlyArray<DecisionRecord>): ReadonlyArray<Found> => {
  const keyed = records.flatMap(({ pass, violations, waived }) =>
    [...violations, ...waived].map((violation) => ({
      found: { violation, pass },
      key: [ranks[resultOf(violation)], violation.policy, ...placeOf(violation), steady(violation.message)].join("\0")
    }))
  )
  return keyed.sort((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : 0).slice(0, most).map(({ found }) => found)
}

/** What stands for a decision that could not be made. */
const notDecided = (why: string, { delivery, now, redact, revision }: Reported): JsonObject => ({
  source: "sluice",
  policy: "PolicyUnavailable",
  category: "sluice",
  severity: "high",
  result: "error",
  scored: true,
  message: oneLine(redact(why), 1_000),
  timestamp: { seconds: Math.floor(now / 1_000), nanos: 0 },
  resources: [{ apiVersion: "sluice.dev/v1alpha1", kind: "Delivery", ...delivery }],
  properties: {
    resultID: digest(delivery.namespace, delivery.name, "PolicyUnavailable").slice(7, 39),
    ...revision === undefined ? {} : { revision }
  }
})

const withinBytes = (entries: ReadonlyArray<JsonObject>): ReadonlyArray<JsonObject> => {
  let bytes = 0
  return entries.filter((entry) => (bytes += Buffer.byteLength(JSON.stringify(entry))) <= mostBytes)
}

const summaryOf = ({ records, unavailable }: Reported): PolicyReport["summary"] => {
  const summary = { pass: 0, error: unavailable === undefined ? 0 : 1, fail: 0, warn: 0, skip: 0 }
  for (const { summary: { denied, passed, waived, warned }, violations } of records) {
    const errors = violations.filter(({ rule, severity }) => rule === "error" && severity === "deny").length
    summary.pass += passed
    summary.error += errors
    summary.fail += denied - errors
    summary.warn += warned
    summary.skip += waived
  }
  return summary
}

/**
 * What the decisions of one run say as a report: denials (`fail`), rules that could not judge (`error`), warnings and
 * what waivers lifted (`skip`), the worst first, at most 500 of them; what passed is counted.
 */
export const policyReport = (about: Reported): PolicyReport => {
  const entries = new Map(
    worst(about.records).map((found) => {
      const entry = entryOf(found, about)
      return [at(entry, "properties", "resultID"), entry] as const
    })
  )
  const results = [
    ...about.unavailable === undefined ? [] : [notDecided(about.unavailable, about)],
    ...withinBytes([...entries.values()])
  ]
  const summary = summaryOf(about)
  const said = results.map((result) => ({ ...result, timestamp: null }))
  return { summary, results, digest: digest(steady(canonical({ summary, results: said }))) }
}
