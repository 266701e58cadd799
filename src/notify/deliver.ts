import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import type { Notifier } from "../api/v1alpha1/Notifier.ts"
import { Redactions } from "../domain/redact.ts"
import type { Message } from "./Message.ts"
import type { Pace } from "./Pace.ts"
import type { SendFailed } from "./SendFailed.ts"
import { kindOf, send } from "./sink.ts"
import type { Thread } from "./slack.ts"

const hour = 3_600_000
/** What could not be sent for so long is no news any more. */
const tooOld = 24 * hour
const longest = 5 * 60_000

/** Exponential from 1 s to 5 min with full jitter, but never sooner than the sink asked for. At most an hour. */
const wait = (attempt: number, { retryAfter }: SendFailed) =>
  Effect.map(
    Random.next,
    (random) =>
      Math.min(hour, Math.max(retryAfter ?? 0, random * Math.min(longest, 1_000 * 2 ** Math.min(attempt - 1, 20))))
  )

/**
 * Sends a message until it arrived or is given up: refused for good, older than a day, or its notifier is gone.
 * Never fails; what is given up is logged with its reason. Returns where the message stands, if it can be updated.
 */
export const deliver = Effect.fnUntraced(
  function*(options: {
    readonly name: string
    readonly notifier: () => Notifier | undefined
    readonly message: Message
    readonly id: string
    readonly thread: Thread | undefined
    readonly pace: Pace
    readonly allowLoopback: boolean
  }) {
    const { allowLoopback, id, message, name, pace, thread } = options
    const redactions = yield* Redactions
    const sink = `${message.delivery.slice(0, message.delivery.indexOf("/"))}/${name}`
    for (let attempt = 1;; attempt++) {
      yield* pace.turn(sink)
      // Looked up each time: a notifier may have been mended meanwhile.
      const notifier = options.notifier()
      if (notifier === undefined) {
        yield* Effect.logWarning(`Notifier ${name} is gone; dropped a message about ${message.delivery}`)
        return undefined
      }
      const sent = yield* Effect.result(send({ allowLoopback, id, message, notifier, thread }))
      if (Result.isSuccess(sent)) {
        yield* Effect.logDebug(`told Notifier ${name}`)
        return sent.success ?? undefined
      }
      const why = `Notifier ${name} (${kindOf(notifier)}): ${redactions.redact(sent.failure.why)}`
      const age = (yield* Clock.currentTimeMillis) - message.time
      if (!sent.failure.retryable || age > tooOld) {
        const given = sent.failure.retryable ? "; given up after a day" : ""
        yield* Effect.logError(`${why}${given}; dropped a message about ${message.delivery}`)
        return undefined
      }
      const delay = yield* wait(attempt, sent.failure)
      if (sent.failure.retryAfter !== undefined) yield* pace.hold(sink, delay)
      yield* (attempt === 1 ? Effect.logWarning : Effect.logDebug)(`${why}; tried again in ${Math.ceil(delay)} ms`)
      yield* Effect.sleep(delay)
    }
  },
  (effect, { id, message, name }) =>
    Effect.annotateLogs(effect, { stage: "notify", delivery: message.delivery, notifier: name, message: id })
)
