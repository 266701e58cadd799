import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { Notifier } from "../api/v1alpha1/Notifier.ts"
import { Redactions } from "../domain/redact.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import { Secrets } from "../kube/Secrets.ts"
import { parseAddress } from "./address.ts"
import { SendFailed } from "./SendFailed.ts"
import { api, sendAsBot, sendToIncomingWebhook, type Thread } from "./slack.ts"
import { retired, sendToTeams } from "./teams.ts"
import { sendToWebhook } from "./webhook.ts"
import type { ChatMessage } from "./wording.ts"

/** The kinds of sinks, as metrics and logs name them. */
export const kinds = ["slack", "teams", "webhook"] as const

/** Which of them. */
export const kindOf = ({ spec }: Notifier): typeof kinds[number] =>
  "slack" in spec ? "slack" : "teams" in spec ? "teams" : "webhook"

/** The Secret that it reads, in its own namespace. */
export const secretNameOf = ({ spec }: Notifier): string =>
  ("slack" in spec ? spec.slack : "teams" in spec ? spec.teams : spec.webhook).secretRef.name

const unreadable = (failure: KubeFailure): SendFailed =>
  new SendFailed({
    why: `its Secret cannot be read: ${failure.message}`,
    retryable: failure.status === 0 || failure.status === 429 || failure.status >= 500,
    ...failure.status === 403 ? { reason: "AccessDenied" as const } : {},
    ...failure.retryAfter === undefined ? {} : { retryAfter: failure.retryAfter }
  })

/** Something that a person has to mend before anything can be sent. */
const wrong = (why: string) => new SendFailed({ why, reason: "InvalidSpec", retryable: false })

/** The Secret's values, read for each message: a rotated token is used at once. From now on they are redacted. */
const read = Effect.fnUntraced(function*(name: string) {
  const secrets = yield* Secrets
  const redactions = yield* Redactions
  const secret = yield* Effect.mapError(secrets.get(name), unreadable)
  if (secret === undefined) return yield* wrong(`there is no Secret ${name}`)
  const value = (key: "address" | "token") => {
    const text = secret[key] === undefined ? "" : Redacted.value(secret[key]).trim()
    if (text === "") return undefined
    redactions.add(text)
    return text
  }
  return { address: value("address"), token: value("token") }
})

/** Where a Notifier sends to, and with what, as its Secret is now. */
export const destinationOf = Effect.fnUntraced(function*(notifier: Notifier, allowLoopback: boolean) {
  const { spec } = notifier
  const name = secretNameOf(notifier)
  const { address, token } = yield* read(name)
  const isBot = "slack" in spec && token !== undefined
  const channel = "slack" in spec ? spec.slack.channel : undefined
  if (isBot && channel === undefined) return yield* wrong("a bot token needs spec.slack.channel")
  if (!isBot && address === undefined) {
    return yield* wrong(`the Secret ${name} has no key ${"slack" in spec ? "token or address" : "address"}`)
  }
  const parsed = parseAddress(address ?? api, { allowLoopback, carriesToken: isBot })
  if ("refused" in parsed) return yield* wrong(parsed.refused)
  const gone = "teams" in spec ? retired(parsed.url) : undefined
  if (gone !== undefined) return yield* wrong(gone)
  return { url: parsed.url, token, channel }
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
  const { allowLoopback, id, message, notifier, thread } = options
  const { channel, token, url } = yield* destinationOf(notifier, allowLoopback)
  const { spec } = notifier
  if ("slack" in spec && token !== undefined && channel !== undefined) {
    return yield* sendAsBot({ channel, id, message, thread, token, url })
  }
  if ("slack" in spec) return yield* sendToIncomingWebhook({ id, message, url })
  if ("teams" in spec) return yield* sendToTeams({ id, message, url })
  // Its notifier was another kind of sink when many were brought together.
  if ("deliveries" in message) return yield* new SendFailed({ why: "it is told one by one", retryable: false })
  yield* sendToWebhook({ id, message, token, url })
})
