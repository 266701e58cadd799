import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import { isDeepStrictEqual } from "node:util"
import type { DeliveryStatus } from "../api/v1alpha1/DeliveryStatus.ts"
import { Redactions } from "../domain/redact.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import { uptime } from "../domain/uptime.ts"
import { type DeliveryId, DeliveryWriter } from "../kube/DeliveryWriter.ts"
import { conditionOf, steadied } from "./conditions.ts"
import { paced } from "./paced.ts"
import { statusPatch } from "./statusPatch.ts"

/** Milliseconds between two writes of one status. */
const pause = 1_000
/** The same while a run says how far it has come. A write of a status costs the API server three of a ConfigMap. */
const step = 5_000
const longestRetry = 60_000
/** The same where the server was out of reach or overrun: as soon as it is back, it should say how things are. */
const longestOutage = 10_000
/** What a shutdown waits for the last write. */
const grace = 5_000

/** The status of one Delivery, in memory and, soon after, in the cluster. */
export interface StatusWriter {
  readonly current: Effect.Effect<DeliveryStatus>
  /** Takes what the cluster shows for what was written, where it says the same: there is one copy then. */
  readonly shown: (status: DeliveryStatus) => void
  /** Answers what the status is now. It waits for no request. */
  readonly update: (change: (status: DeliveryStatus) => DeliveryStatus) => Effect.Effect<DeliveryStatus>
}

/** What a run says on its way: its end may come within the second. */
const isPassing = (status: DeliveryStatus): boolean =>
  status.stage !== undefined || conditionOf(status, "Ready")?.reason === "InProgress"

/** Whether all that is new is how far a run has come that others know of. */
const isStep = (status: DeliveryStatus, written: DeliveryStatus): boolean =>
  isPassing(written) && written.lastAttemptedRevision === status.lastAttemptedRevision &&
  written.observedGeneration === status.observedGeneration

/** Whether others wait for it: Ready says something else than they last saw, and it is no passing state. */
const isUrgent = (status: DeliveryStatus, written: DeliveryStatus): boolean => {
  const [now, before] = [conditionOf(status, "Ready"), conditionOf(written, "Ready")]
  return now !== undefined && !isPassing(status) && (now.status !== before?.status || now.reason !== before.reason)
}

const isGone = ({ detail, status }: KubeFailure, { name }: DeliveryId): boolean =>
  status === 404 && detail.includes(`"${name}"`)

/** Another uid, or a status that is not the one we left: the server says only that a step failed. */
const isMisfit = ({ causes, status }: KubeFailure): boolean => status === 422 && causes.length === 0

/**
 * Writes one Delivery's status until the scope closes, with one request at a time.
 *
 * A change of Ready goes at once. What else changes goes at most once a second; while a run is in progress it is held
 * back for a second, so that a run that ends within it costs one write, and then goes once in five seconds; while many
 * wait to be written it gives way, a second at a time. What comes back to what is written costs none.
 * Failures are tried again, with what is newest then; a Delivery that is gone, or replaced by another of its name, ends
 * it quietly.
 */
export const make = Effect.fnUntraced(function*(delivery: DeliveryId, initial: DeliveryStatus) {
  const writer = yield* DeliveryWriter
  const redactions = yield* Redactions
  let status = initial
  let written = initial
  // Nothing is there to be changed step by step.
  let isWhole = Object.keys(initial).length === 0
  let changedAt = 0
  let sentAt = 0
  let failures = 0
  let notBefore = 0
  let ended = false

  const due = (): number | undefined => {
    if (ended || status === written) return undefined
    if (isUrgent(status, written)) return notBefore
    if (!isPassing(status)) return Math.max(notBefore, sentAt + pause)
    return Math.max(notBefore, isStep(status, written) ? sentAt + step : Math.max(sentAt, changedAt) + pause)
  }

  const failed = (failure: KubeFailure) =>
    Effect.gen(function*() {
      if (isGone(failure, delivery) || isMisfit(failure) && isWhole) {
        ended = true
        return
      }
      if (isMisfit(failure)) {
        isWhole = true
        return
      }
      if (failures === 0) {
        yield* Effect.logWarning(`the status of ${delivery.namespace}/${delivery.name} waits: ${failure.message}`)
      }
      // Nobody was asked: that costs nothing, and it may be over at once.
      if (failure.reason === "Fenced") {
        if (failures === 0) failures = 1
        notBefore = (yield* uptime) + pause / 2
        return
      }
      const isOut = failure.status === 0 || failure.status === 429 || failure.status >= 500
      const longest = isOut ? longestOutage : longestRetry
      const backoff = (yield* Random.next) * Math.min(longest, 1_000 * 2 ** failures++)
      notBefore = (yield* uptime) + Math.max(failure.retryAfter ?? 0, backoff)
    })

  const write = Effect.gen(function*() {
    const sending = status
    if (isPassing(sending) && writer.isBusy()) {
      notBefore = (yield* uptime) + pause
      return
    }
    const changes = statusPatch(isWhole ? undefined : written, sending, (text) => redactions.redact(text))
    if (changes.length > 0) {
      const result = yield* Effect.result(writer.patchStatus(delivery, changes))
      sentAt = yield* uptime
      if (Result.isFailure(result)) return yield* failed(result.failure)
    }
    written = sending
    isWhole = false
    failures = 0
    notBefore = 0
  })

  const wake = yield* paced({ due, work: () => write, grace })
  const update: StatusWriter["update"] = (change) =>
    Effect.gen(function*() {
      const next = steadied(change(status), written)
      if (next === status) return status
      if (status === written) changedAt = yield* uptime
      status = next
      if (!ended) yield* wake
      return next
    })
  const shown: StatusWriter["shown"] = (known) => {
    if (status === written && isDeepStrictEqual(known, status)) status = written = known
  }
  const made: StatusWriter = { current: Effect.sync(() => status), shown, update }
  return made
})
