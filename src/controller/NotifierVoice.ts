import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import type { PlainStatus } from "../api/v1alpha1/DeliveryStatus.ts"
import type { JsonObject } from "../domain/Json.ts"
import { Redactions } from "../domain/redact.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import { uptime, uptimeOf } from "../domain/uptime.ts"
import { NotifierWriter } from "../kube/NotifierWriter.ts"
import type { Reply } from "../notify/Keeper.ts"
import { isMendable, type SendFailed } from "../notify/SendFailed.ts"
import { conditionOf } from "./conditions.ts"
import { isSame } from "./fields.ts"
import { notifierStatus } from "./notifierStatus.ts"
import { paced } from "./paced.ts"
import type { LiveNotifier, MalformedNotifier } from "./Registry.ts"

/** Milliseconds between two writes of one status. */
const pause = 1_000
const longestRetry = 60_000
/** Who may not write is not asked again soon. */
const forbidden = 10 * 60_000
/**
 * How soon a Secret is looked at again that nobody told of, where it lacks something: a Role often comes right after what
 * needs it, or when somebody sees that it does not.
 */
const looks = [10_000, 60_000]
const slow = 10 * 60_000
/** What a shutdown waits for the last write. */
const grace = 2_000
/** A sink that fails so often, within ten seconds or more, does so by more than a blip. */
const blips = 4

/** What a Notifier's status says, in memory and, soon after, in the cluster. */
export interface NotifierVoice {
  /** Its object was seen, perhaps with another status than was said here. */
  readonly notice: Effect.Effect<void>
  /** Its Secret has changed. */
  readonly renew: Effect.Effect<void>
  /** Its sink was asked. Waits for no request. */
  readonly hear: (reply: Reply) => Effect.Effect<void>
}

export interface Options {
  /** As it is known now; undefined once it is gone, or another than it was. */
  readonly current: () => LiveNotifier | MalformedNotifier | undefined
  /** Takes what was written. */
  readonly written: (now: LiveNotifier | MalformedNotifier) => void
  /** What its Secret lacks, for who speaks of it; undefined for who only says what its sink answers here. */
  readonly look: Effect.Effect<SendFailed | undefined> | undefined
}

/**
 * Says how one Notifier stands until the scope closes. What it and its Secret lack is said by one replica; what its sink answered, by the one that was answered, for no other knows. Each goes on from what stands there,
 * and writes only where nobody has written since.
 */
export const make = Effect.fnUntraced(function*({ current, look, written }: Options) {
  const writer = yield* NotifierWriter
  const redactions = yield* Redactions
  const redact = (text: string) => redactions.redact(text)
  const clock = yield* Clock.Clock
  const speaks = look !== undefined
  let lookAt: number | undefined = speaks ? 0 : undefined
  let lacks: SendFailed | undefined
  /** How often that was found without a change. */
  let times = 0
  let isSeen = false
  let isRenewed = false
  let renewedAt = 0
  let answer: "sent" | SendFailed | undefined
  let said: PlainStatus | undefined
  let failures = 0
  let notBefore = 0
  /** The version under which the server would not have it. */
  let refused: string | undefined

  const saying = (time: string) => {
    const live = current()
    if (live === undefined || live.resourceVersion === refused) return undefined
    const { generation, status } = live
    const problems = "problems" in live ? live.problems : []
    const seen = speaks && (isSeen || problems.length > 0)
    const next = notifierStatus(status, {
      generation,
      now: time,
      redact,
      problems,
      lacks,
      answer,
      isSeen: seen,
      isRenewed
    })
    return next === status ? undefined : { live, next }
  }

  /** What was learned here has been said: from now on it may become something else elsewhere. */
  const settle = () => {
    answer = undefined
    isRenewed = false
  }

  const due = (): number | undefined => {
    const at = lookAt === undefined ? undefined : Math.max(lookAt, notBefore)
    return saying("") === undefined ? at : Math.min(at ?? Infinity, notBefore)
  }

  const failed = Effect.fnUntraced(
    function*(failure: KubeFailure, { name, namespace, resourceVersion }: LiveNotifier | MalformedNotifier) {
      // Gone, replaced, or written by somebody else: that will be seen, if it was not yet.
      if (failure.status === 404 || failure.status === 422) return refused = resourceVersion
      if (failures === 0) {
        yield* Effect.logWarning(`the status of Notifier ${namespace}/${name} waits: ${failure.message}`)
      }
      const backoff = Math.ceil((yield* Random.next) * Math.min(longestRetry, 1_000 * 2 ** failures++))
      const least = failure.status === 403 ? forbidden : failure.retryAfter ?? 0
      // Who is fenced has asked nobody: that may be over at once.
      const wait = failure.reason === "Fenced" ? pause / 2 : Math.max(least, backoff)
      notBefore = (yield* uptime) + wait
    }
  )

  const say = Effect.gen(function*() {
    const news = saying(DateTime.formatIso(yield* DateTime.now))
    if (news === undefined) return settle()
    const { live, next } = news
    const { name, namespace, uid } = live
    said = next
    const before = { answer, renewedAt }
    const result = yield* Effect.result(
      writer.writeStatus({ namespace, name, uid, resourceVersion: live.resourceVersion }, next as JsonObject)
    )
    if (Result.isFailure(result)) return yield* failed(result.failure, live)
    failures = 0
    notBefore = (yield* uptime) + pause
    if (renewedAt === before.renewedAt) isRenewed = false
    if (answer === before.answer) answer = undefined
    // It may have been seen already, with the next of its changes.
    if (current()?.resourceVersion === live.resourceVersion) {
      written({ ...live, status: next, resourceVersion: result.success })
    }
  })

  const see = Effect.gen(function*() {
    if (look === undefined || "problems" in (current() ?? {})) return lookAt = undefined
    lookAt = undefined
    const found = yield* look
    const isKnown = found === undefined || found.reason !== undefined
    if (isKnown) {
      times = lacks?.why === found?.why ? times + 1 : 0
      lacks = found
      isSeen = true
    }
    // It was looked at anew meanwhile.
    if (lookAt === undefined && found !== undefined) {
      lookAt = (yield* uptime) + (isKnown ? looks[times] ?? slow : found.retryAfter ?? longestRetry)
    }
  })

  const work = (isLast: boolean) =>
    Effect.suspend(() => lookAt !== undefined && lookAt <= uptimeOf(clock) && !isLast ? see : Effect.void).pipe(
      Effect.andThen(say)
    )
  const wake = yield* paced({ due, work, grace })
  const again = Effect.suspend(() => {
    if (speaks) lookAt = 0
    return wake
  })

  const voice: NotifierVoice = {
    notice: Effect.suspend(() => {
      const status = current()?.status
      const isOurs = said === undefined || status !== undefined && isSame(status as JsonObject, said as JsonObject)
      // Another replica knows something else.
      if (!isOurs) return again
      if (lookAt === undefined && saying("") === undefined) settle()
      return wake
    }),
    renew: Effect.suspend(() => {
      renewedAt = clock.currentTimeMillisUnsafe()
      answer = undefined
      isRenewed = true
      return again
    }),
    hear: ({ attempt, failure, startedAt }) =>
      Effect.suspend(() => {
        const live = current()
        if (live === undefined || startedAt < renewedAt) return Effect.void
        const isLacking = lacks !== undefined
        if (failure === undefined) {
          const isWell = conditionOf(live.status, "Ready")?.status !== "False"
          if (isWell && answer === undefined) return Effect.void
          answer = isWell ? undefined : "sent"
          return isLacking ? again : wake
        }
        if (isMendable(failure)) return isLacking ? Effect.void : again
        if (failure.reason === undefined || failure.retryable && attempt <= blips) return Effect.void
        answer = failure
        // What its sink answers it is sent with its Secret.
        if (isLacking) return again
        if (saying("") === undefined) answer = undefined
        return wake
      })
  }
  return voice
})
