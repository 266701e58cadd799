import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { DeliveryStatus } from "../api/v1alpha1/DeliveryStatus.ts"
import type { DecisionRecord, Pass } from "../domain/DecisionRecord.ts"
import type { RunEvent } from "../domain/Outcome.ts"
import { Redactions } from "../domain/redact.ts"
import { format, type Revision } from "../domain/Revision.ts"
import type { DeliveryId } from "../kube/DeliveryWriter.ts"
import { logDecision, type PolicyDecided } from "../pipeline/logDecision.ts"
import { countDecision } from "./countDecision.ts"
import { policyReport } from "./policyReport.ts"
import * as ReportKeeper from "./ReportKeeper.ts"

/** Records what the gate decides about one Delivery: a line of the log, metrics, and its report. */
export interface Recorder {
  /** Waits for no request, and never fails. */
  readonly hear: (event: RunEvent) => Effect.Effect<void>
}

const wasJudged = ({ conditions, policy }: DeliveryStatus): boolean =>
  (policy?.bundles ?? []).length > 0 || (conditions ?? []).some(({ reason }) => reason === "PolicyUnavailable")

/** `status`: what was said of the Delivery before. */
export const make = Effect.fnUntraced(function*(delivery: DeliveryId, status: DeliveryStatus) {
  const redactions = yield* Redactions
  const keeper = yield* ReportKeeper.make(delivery, wasJudged(status))
  const redact = (text: string) => redactions.redact(text)
  const last = new Map<Pass, string>()
  let run: string | undefined
  /** Of the newest revision that was judged. */
  let records = new Map<Pass, DecisionRecord>()
  /** Since the last report. */
  let hasDecided = false

  const report = (revision: Revision | undefined, unavailable: string | undefined) =>
    Effect.gen(function*() {
      hasDecided = false
      const all = [...records.values()]
      const hasPolicies = unavailable !== undefined || all.some(({ bundles }) => bundles.length > 0)
      const said = hasPolicies
        ? policyReport({
          delivery,
          revision: revision && format(revision),
          records: unavailable === undefined ? all : [],
          unavailable,
          now: yield* Clock.currentTimeMillis,
          redact
        })
        : undefined
      yield* keeper.keep(said)
    })

  /** A run that judged nothing anew and came to the same says nothing. */
  const isKnown = ({ evidence, id, pass }: DecisionRecord): boolean => evidence.judged === 0 && last.get(pass) === id

  const decided = (event: PolicyDecided) =>
    Effect.gen(function*() {
      const { record, revision } = event
      if (record.pass === "objects") records = new Map()
      records.set(record.pass, record)
      hasDecided = true
      if (record.bundles.length > 0 && !isKnown(record)) {
        last.set(record.pass, record.id)
        yield* logDecision("Info", event)
        yield* countDecision(record)
      }
      // Decided beside the runs: what is put back is judged too. A run has more to come.
      if (event.run !== run) yield* report(revision, undefined)
    })

  const ended = ({ details: { revision }, outcome }: RunEvent & { _tag: "RunEnded" }) =>
    Effect.gen(function*() {
      run = undefined
      if (outcome._tag === "Interrupted") {
        hasDecided = false
        return
      }
      const isUnavailable = outcome._tag === "Failed" && outcome.error._tag === "PolicyUnavailable"
      if (isUnavailable) yield* report(revision, outcome.error.message)
      else if (hasDecided) yield* report(revision, undefined)
    })

  const recorder: Recorder = {
    hear: (event) => {
      if (event._tag === "RunStarted") run = event.run
      return event._tag === "PolicyDecided" ? decided(event) : event._tag === "RunEnded" ? ended(event) : Effect.void
    }
  }
  return recorder
})
