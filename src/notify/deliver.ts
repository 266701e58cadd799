import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import type { Notifier } from "../api/v1alpha1/Notifier.ts"
import { digest } from "../domain/digest.ts"
import { Redactions } from "../domain/redact.ts"
import { count } from "../telemetry/Meter.ts"
import { notifications } from "../telemetry/metrics.ts"
import type { DriftMessage } from "./DriftMessage.ts"
import type { Gather, Waiting } from "./Gather.ts"
import type { Keeper } from "./Keeper.ts"
import { ofMessages, sameness } from "./ManyMessage.ts"
import type { Message } from "./Message.ts"
import type { Pace } from "./Pace.ts"
import { isMendable, SendFailed } from "./SendFailed.ts"
import { kindOf, send } from "./sink.ts"
import type { Thread } from "./slack.ts"
import { besides } from "./subscribers.ts"
import type { ChatMessage } from "./wording.ts"

const hour = 3_600_000
/** What could not be sent for so long is no news any more. */
const tooOld = 24 * hour
const longest = 5 * 60_000
/** What a person has to mend is asked for as seldom, after the first tries: that it was mended is told. */
const slow = 10 * 60_000
const hasty = 4

/** Exponential from 1 s to 5 min with full jitter, but never sooner than the sink asked for. At most an hour. */
const wait = (attempt: number, failure: SendFailed) =>
  Effect.map(Random.next, (random) => {
    if (isMendable(failure) && attempt > hasty) return slow * (0.5 + random / 2)
    const backoff = random * Math.min(longest, 1_000 * 2 ** Math.min(attempt - 1, 20))
    return Math.min(hour, Math.max(failure.retryAfter ?? 0, backoff))
  })

/** A Notifier as it is now; undefined where there is none. */
type Standing = Notifier | "malformed" | undefined

interface Options {
  readonly name: string
  readonly notifier: () => Standing
  readonly message: Message | DriftMessage
  readonly id: string
  readonly thread: Thread | undefined
  readonly pace: Pace
  readonly gather: Gather | undefined
  readonly allowLoopback: boolean
  readonly keeper: Keeper | undefined
  /** What it answers returns once the notifier was mended since, so that nobody waits longer. */
  readonly mended: () => Effect.Effect<void>
  /** Run right before it is sent; never returns where nothing may be sent any more. */
  readonly out: Effect.Effect<void>
  /** Run when it did not arrive. */
  readonly back: Effect.Effect<void>
}

const malformed = new SendFailed({
  why: "it cannot be read; its status says what is wrong",
  reason: "InvalidSpec",
  retryable: false
})

/** Sends until it arrived or is given up. What is given up is logged with its reason. */
const insist = Effect.fnUntraced(function*(
  options: Options,
  sink: string,
  told: { readonly message: ChatMessage; readonly id: string; readonly thread: Thread | undefined }
) {
  const { allowLoopback, keeper, name, pace } = options
  const { id, message, thread } = told
  const redactions = yield* Redactions
  const about = "deliveries" in message ? `${message.count} deliveries` : message.delivery
  for (let attempt = 1;; attempt++) {
    yield* pace.turn(sink)
    // Looked up each time: a notifier may have been mended meanwhile.
    const notifier = options.notifier()
    if (notifier === undefined) {
      yield* Effect.logWarning(`Notifier ${name} is gone; dropped a message about ${about}`)
      return { told: false, thread: undefined }
    }
    const [mended, startedAt] = [options.mended(), yield* Clock.currentTimeMillis]
    const kind = notifier === "malformed" ? notifier : kindOf(notifier)
    if (notifier !== "malformed") yield* options.out
    const sent = yield* Effect.result(
      notifier === "malformed"
        ? Effect.fail(malformed)
        : send({ allowLoopback, id, message, notifier, thread })
    )
    const told = (outcome: string) => kind === "malformed" ? Effect.void : count(notifications, { sink: kind, outcome })
    const failure = Result.isFailure(sent) ? sent.failure : undefined
    yield* keeper?.hear({ notifier: sink, startedAt, attempt, failure }) ?? Effect.void
    if (Result.isSuccess(sent)) {
      yield* told("sent")
      yield* Effect.logDebug(`told Notifier ${name}`)
      return { told: true, thread: sent.success ?? undefined }
    }
    yield* options.back
    const why = `Notifier ${name} (${kind}): ${redactions.redact(sent.failure.why)}`
    const age = (yield* Clock.currentTimeMillis) - message.time
    const waits = sent.failure.retryable || keeper !== undefined && isMendable(sent.failure)
    if (!waits || age > tooOld) {
      yield* told("dropped")
      const given = waits ? "; given up after a day" : ""
      yield* Effect.logError(`${why}${given}; dropped a message about ${about}`)
      return { told: false, thread: undefined }
    }
    yield* told("retried")
    const delay = yield* wait(attempt, sent.failure)
    if (sent.failure.retryAfter !== undefined) yield* pace.hold(sink, delay)
    yield* (attempt === 1 ? Effect.logWarning : Effect.logDebug)(`${why}; tried again in ${Math.ceil(delay)} ms`)
    yield* Effect.raceFirst(Effect.sleep(delay), mended)
  }
})

/** Machines want every event; people do not want the same one a hundred times. */
const isRead = (notifier: Standing): boolean =>
  notifier !== undefined && notifier !== "malformed" && kindOf(notifier) !== "webhook"

const idOfAll = (all: ReadonlyArray<Waiting>): string =>
  `msg_${digest(...all.map(({ id }) => id).toSorted()).slice("sha256:".length, 46)}`

/**
 * Sends a message until it arrived or is given up: refused for good, older than a day, or its notifier is gone. What
 * many deliveries have to say for one reason is sent as one message. Never fails. Returns where the message stands, if
 * it can be updated.
 */
export const deliver = Effect.fnUntraced(
  function*(options: Options) {
    const { gather, id, message, name, thread } = options
    const sink = besides(message.delivery, name)
    const same = message.state === "drift" || !isRead(options.notifier()) ? undefined : sameness(message)
    if (gather !== undefined && message.state !== "drift" && same !== undefined) {
      const tellAll = (all: ReadonlyArray<Waiting>) => {
        const many = ofMessages(message, all.map((one) => one.message))
        return Effect.map(
          insist(options, sink, { message: many, id: idOfAll(all), thread: undefined }),
          ({ told }) => told
        )
      }
      if (yield* gather.together(`${sink} ${same}`, { message, id }, tellAll)) return undefined
    }
    return (yield* insist(options, sink, { message, id, thread })).thread
  },
  (effect, { id, message, name }) =>
    Effect.annotateLogs(effect, { stage: "notify", delivery: message.delivery, notifier: name, message: id })
)
