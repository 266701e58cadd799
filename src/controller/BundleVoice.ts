import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import type { PolicyBundleStatus } from "../api/v1alpha1/DeliveryStatus.ts"
import type { JsonObject } from "../domain/Json.ts"
import { uptime } from "../domain/uptime.ts"
import { PolicyBundleWriter } from "../kube/PolicyBundleWriter.ts"
import { conditionOf, steadied } from "./conditions.ts"
import { isSame } from "./fields.ts"
import { paced } from "./paced.ts"

/** Milliseconds between two writes of one status. */
const pause = 1_000
const longestRetry = 60_000
/** What a shutdown waits for the last write. */
const grace = 2_000

/** The status of one PolicyBundle, in memory and, soon after, in the cluster. */
export interface BundleVoice {
  readonly update: (change: (status: PolicyBundleStatus) => PolicyBundleStatus) => Effect.Effect<void>
}

/**
 * Writes one PolicyBundle's status until the scope closes: at once where Ready changes, else once a second; failures are
 * tried again, and one that is gone or replaced ends it.
 */
export const make = Effect.fnUntraced(function*(
  bundle: { readonly name: string; readonly uid: string },
  initial: PolicyBundleStatus
) {
  const writer = yield* PolicyBundleWriter
  let status = initial
  let written = initial
  let sentAt = 0
  let failures = 0
  let notBefore = 0
  let ended = false

  const due = (): number | undefined => {
    if (ended || status === written) return undefined
    const [now, before] = [conditionOf(status, "Ready"), conditionOf(written, "Ready")]
    const isUrgent = now?.status !== before?.status || now?.reason !== before?.reason
    return Math.max(notBefore, isUrgent ? 0 : sentAt + pause)
  }

  const write = Effect.gen(function*() {
    const sending = status
    const result = yield* Effect.result(writer.writeStatus(bundle, sending as JsonObject))
    sentAt = yield* uptime
    if (Result.isSuccess(result)) {
      written = sending
      failures = 0
      notBefore = 0
      return
    }
    const { failure } = result
    ended = failure.status === 404 || failure.status === 422
    if (ended) return
    if (failures === 0) yield* Effect.logWarning(`the status of PolicyBundle ${bundle.name} waits: ${failure.message}`)
    const backoff = (yield* Random.next) * Math.min(longestRetry, 1_000 * 2 ** failures++)
    notBefore = sentAt + Math.max(failure.retryAfter ?? 0, backoff)
  })

  const wake = yield* paced({ due, work: () => write, grace })
  const voice: BundleVoice = {
    update: (change) =>
      Effect.suspend(() => {
        const next = steadied(change(status), written)
        if (isSame(status as JsonObject, next as JsonObject)) return Effect.void
        status = next
        return wake
      })
  }
  return voice
})
