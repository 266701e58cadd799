import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { Notifier } from "../api/v1alpha1/Notifier.ts"
import { Redactions } from "../domain/redact.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import { Secrets } from "../kube/Secrets.ts"
import { SendFailed } from "./SendFailed.ts"
import { sendAsBot, sendToIncomingWebhook, type Thread } from "./slack.ts"
import { sendToTeams } from "./teams.ts"
import { sendToWebhook } from "./webhook.ts"
import type { ChatMessage } from "./wording.ts"

/** The kinds of sinks, as metrics and logs name them. */
export const kinds = ["slack", "teams", "webhook"] as const

/** Which of them. */
export const kindOf = ({ spec }: Notifier): typeof kinds[number] =>
  "slack" in spec ? "slack" : "teams" in spec ? "teams" : "webhook"

const secretNameOf = ({ spec }: Notifier): string =>
  ("slack" in spec ? spec.slack : "teams" in spec ? spec.teams : spec.webhook).secretRef.name

const unreadable = (failure: KubeFailure): SendFailed =>
  new SendFailed({
    why: `its Secret cannot be read: ${failure.message}`,
    retryable: failure.status === 0 || failure.status === 429 || failure.status >= 500,
    ...failure.retryAfter === undefined ? {} : { retryAfter: failure.retryAfter }
  })

/** The Secret's values, read for each message: a rotated token is used at once. From now on they are redacted. */
const read = Effect.fnUntraced(function*(name: string) {
  const secrets = yield* Secrets
  const redactions = yield* Redactions
  const secret = yield* Effect.mapError(secrets.get(name), unreadable)
  if (secret === undefined) return yield* new SendFailed({ why: `there is no Secret ${name}`, retryable: false })
  const value = (key: "address" | "token") => {
    const text = secret[key] === undefined ? "" : Redacted.value(secret[key]).trim()
    if (text === "") return undefined
    redactions.add(text)
    return text
  }
  return { address: value("address"), token: value("token") }
})

/** Sends one message to one notifier, once. Returns where it stands, for sinks that can update a message. */
export const send = Effect.fn("notify.send")(function*(options: {
  readonly notifier: Notifier
  readonly message: ChatMessage
  readonly id: string
  /** Where the message about the same revision stands. */
  readonly thread: Thread | undefined
  readonly allowLoopback: boolean
}) {
  const { allowLoopback, id, message, notifier: { spec }, thread } = options
  const name = secretNameOf(options.notifier)
  const { address, token } = yield* read(name)
  if ("slack" in spec && token !== undefined) {
    const { channel } = spec.slack
    return channel === undefined
      ? yield* new SendFailed({ why: "a bot token needs spec.slack.channel", retryable: false })
      : yield* sendAsBot({ address, allowLoopback, channel, id, message, thread, token })
  }
  if (address === undefined) {
    const keys = "slack" in spec ? "token or address" : "address"
    return yield* new SendFailed({ why: `the Secret ${name} has no key ${keys}`, retryable: false })
  }
  if ("slack" in spec) return yield* sendToIncomingWebhook({ address, allowLoopback, id, message })
  if ("teams" in spec) return yield* sendToTeams({ address, allowLoopback, id, message })
  // Its notifier was another kind of sink when many were brought together.
  if ("deliveries" in message) return yield* new SendFailed({ why: "it is told one by one", retryable: false })
  yield* sendToWebhook({ address, allowLoopback, id, message, token })
})
