import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import { apiVersion } from "../api/v1alpha1/Delivery.ts"
import { atClose } from "../domain/atClose.ts"
import { digest } from "../domain/digest.ts"
import type { JsonObject } from "../domain/Json.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import { uptime } from "../domain/uptime.ts"
import type { DeliveryId } from "../kube/DeliveryWriter.ts"
import { digestAnnotation, managedBy, type ReportKind, ReportWriter } from "../kube/ReportWriter.ts"
import { paced } from "./paced.ts"
import { type PolicyReport, reportName } from "./policyReport.ts"
import { Reports } from "./Reports.ts"

/** Milliseconds between two writes of one report; a verdict that turned is written at once. */
const pause = 10_000
const longestRetry = 60_000
/** The digest of no report. */
const unknown = "unknown"
/** What a shutdown waits for the last write. */
const grace = 2_000

/** Keeps the report of one Delivery. */
export interface ReportKeeper {
  /** From now on it says this; undefined: nothing judges this Delivery, so that there is none. It waits for no request. */
  readonly keep: (report: PolicyReport | undefined) => Effect.Effect<void>
}

const isDenied = ({ summary }: PolicyReport): boolean => summary.fail + summary.error > 0

const isPassing = ({ status }: KubeFailure): boolean => status === 0 || status === 429 || status >= 500

/** The report as an object of a kind. It goes with its Delivery. */
const objectOf = (
  kind: ReportKind,
  { name, namespace, uid }: DeliveryId,
  { results, summary }: PolicyReport,
  sum: string
): JsonObject => ({
  apiVersion: kind.apiVersion,
  kind: kind.kind,
  metadata: {
    namespace,
    name: reportName(name),
    labels: managedBy,
    annotations: { [digestAnnotation]: sum },
    ownerReferences: [{ apiVersion, kind: "Delivery", name, uid }]
  },
  ...kind.hasSource ? { source: "sluice" } : {},
  summary,
  results
})

/**
 * Writes the report of one Delivery until the scope closes, where the cluster has a kind for it: what it says changed,
 * and at most once in ten seconds; a verdict that turned goes at once. What is refused is said once and fails nothing.
 * `mayBeThere`: an earlier process, or another replica, may have left a report, which goes if there is to be none.
 */
export const make = Effect.fnUntraced(function*(delivery: DeliveryId, mayBeThere: boolean) {
  const [reports, writer] = [yield* Reports, yield* ReportWriter]
  const id = { namespace: delivery.namespace, name: reportName(delivery.name) }
  let wanted: { readonly report: PolicyReport | undefined; readonly digest: string | undefined } | undefined
  let sent: { readonly at: number; readonly isDenied: boolean; readonly kind: ReportKind } | undefined
  /** What was refused is not tried again before it changes. */
  let refused: string | undefined
  let failures = 0
  let notBefore = 0

  /** What each kind should hold: the preferred one the report, the others none. */
  const wants = (kinds: ReadonlyArray<ReportKind>) =>
    kinds.map((kind, index) => ({ kind, digest: index === 0 ? wanted?.digest : undefined }))

  const open = () => {
    const kinds = reports.kinds()
    return wanted === undefined || kinds === undefined
      ? []
      : wants(kinds).filter(({ digest, kind }) =>
        reports.written(kind, id) !== digest && refused !== `${kind.definition} ${digest}`
      )
  }

  const due = (): number | undefined => {
    const [first] = open()
    if (first === undefined) return undefined
    const report = wanted?.report
    const isNext = sent?.kind === first.kind && report !== undefined && isDenied(report) === sent.isDenied
    return Math.max(notBefore, isNext ? sent!.at + pause : 0)
  }

  const work = Effect.gen(function*() {
    const report = wanted?.report
    for (const { digest, kind } of open()) {
      const request = digest === undefined || report === undefined
        ? writer.remove(kind, id)
        : writer.write(kind, { ...id, object: objectOf(kind, delivery, report, digest) })
      const result = yield* Effect.result(request)
      const now = yield* uptime
      if (digest !== undefined && report !== undefined) sent = { at: now, isDenied: isDenied(report), kind }
      if (Result.isSuccess(result)) {
        failures = 0
        reports.note(kind, id, digest)
      } else if (isPassing(result.failure)) {
        notBefore = now + (yield* Random.next) * Math.min(longestRetry, 1_000 * 2 ** failures++)
        return
      } else {
        refused = `${kind.definition} ${digest}`
        yield* reports.complain(result.failure)
      }
    }
  })

  // What was known of it is what it said before another replica, or a Delivery before this one, had its say.
  const forget = (digest: string | undefined) =>
    Effect.sync(() => {
      for (const kind of reports.kinds() ?? []) reports.note(kind, id, digest)
    })
  yield* forget(mayBeThere ? unknown : undefined)
  yield* atClose(forget(undefined))
  const wake = yield* paced({ due, work: () => work, grace })
  yield* reports.onChange(wake)
  const keeper: ReportKeeper = {
    keep: (report) =>
      Effect.gen(function*() {
        // Another Delivery of this name is another owner.
        const sum = report === undefined ? undefined : digest(report.digest, delivery.uid)
        if (wanted !== undefined && wanted.digest === sum) return
        wanted = { report, digest: sum }
        refused = undefined
        if (report !== undefined || mayBeThere) yield* reports.begin
        yield* wake
      })
  }
  return keeper
})
