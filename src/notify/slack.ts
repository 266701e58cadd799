import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { oneLine } from "../domain/plainText.ts"
import { expectSuccess, post } from "./post.ts"
import { SendFailed } from "./SendFailed.ts"
import { slackMessage } from "./slackMessage.ts"
import type { ChatMessage } from "./wording.ts"

/** Where a message of a bot stands, so that it can be updated. */
export const Thread = Schema.Struct({ channel: Schema.String, ts: Schema.String })
export type Thread = typeof Thread.Type

/** GovSlack has another; a Secret says so with `address` beside `token`. */
export const api = "https://slack.com/api"

const Answer = Schema.fromJsonString(Schema.Struct({
  ok: Schema.Boolean,
  error: Schema.optionalKey(Schema.String),
  channel: Schema.optionalKey(Schema.String),
  ts: Schema.optionalKey(Schema.String)
}))

/** Errors of Slack's own making; all others blame the request or the token. */
const passing = new Set([
  "ratelimited",
  "rate_limited",
  "internal_error",
  "fatal_error",
  "service_unavailable",
  "request_timeout"
])

/** The message is there no more, or may not be edited any more: a new one takes its place. */
const uneditable = new Set([
  "message_not_found",
  "cant_update_message",
  "edit_window_closed",
  "channel_not_found",
  "is_inactive",
  "message_limit_exceeded"
])

/** Errors that blame the token. */
const unauthorised = new Set([
  "invalid_auth",
  "not_authed",
  "account_inactive",
  "token_revoked",
  "token_expired",
  "no_permission",
  "missing_scope",
  "org_login_required"
])

class Refused extends Schema.TaggedError<Refused>()("Refused", { error: Schema.String }) {}

const call = Effect.fnUntraced(function*(base: string, method: string, token: string, body: object) {
  const url = new URL(`${base.replace(/\/+$/u, "")}/${method}`)
  const answer = yield* post(url, JSON.stringify(body), { authorization: `Bearer ${token}` })
  yield* expectSuccess(answer)
  if (answer.body === undefined) {
    return yield* new SendFailed({ why: "its answer was cut", reason: "NotifyFailed", retryable: true })
  }
  // Slack answers 200 to what it refuses, too.
  const told = Schema.decodeUnknownOption(Answer)(answer.body)
  if (Option.isNone(told)) {
    return yield* new SendFailed({
      why: "its answer is not that of Slack's API",
      reason: "NotifyFailed",
      retryable: false
    })
  }
  if (!told.value.ok) {
    const error = oneLine(told.value.error ?? "unknown error", 100)
    return yield* passing.has(error)
      ? new SendFailed({
        why: `Slack says ${error}`,
        reason: "NotifyFailed",
        retryable: true,
        ...answer.retryAfter === undefined ? {} : { retryAfter: answer.retryAfter }
      })
      : new Refused({ error })
  }
  const { channel, ts } = told.value
  return channel === undefined || ts === undefined ? undefined : { channel, ts }
})

const refusal = ({ error }: Refused) =>
  Effect.fail(
    new SendFailed({
      why: `Slack says ${error}`,
      reason: unauthorised.has(error) ? "AuthFailed" : "NotifyFailed",
      retryable: false
    })
  )

/**
 * Sends as a bot: a new message, or the message of the same revision updated in place. Returns where it stands.
 *
 * https://docs.slack.dev/reference/methods/chat.postMessage and chat.update
 */
export const sendAsBot = Effect.fnUntraced(function*(options: {
  readonly token: string
  readonly url: URL
  readonly channel: string
  readonly message: ChatMessage
  readonly id: string
  readonly thread: Thread | undefined
}) {
  const { channel, thread, token, url } = options
  // `parse` is `client` for updates unless said otherwise: names in the text would become mentions.
  const body = { parse: "none", ...slackMessage(options.message, options.id, { buttons: true }) }
  const posted = call(url.href, "chat.postMessage", token, { channel, ...body })
  const sent = thread === undefined
    ? posted
    : call(url.href, "chat.update", token, { ...thread, ...body }).pipe(
      Effect.catchTag("Refused", (refused) => uneditable.has(refused.error) ? posted : Effect.fail(refused))
    )
  return yield* Effect.catchTag(sent, "Refused", refusal)
})

/** Sends to an incoming webhook, which knows its channel and cannot edit. */
export const sendToIncomingWebhook = Effect.fnUntraced(function*(options: {
  readonly url: URL
  readonly message: ChatMessage
  readonly id: string
}) {
  const body = slackMessage(options.message, options.id, { buttons: false })
  yield* Effect.flatMap(post(options.url, JSON.stringify(body), {}), (answer) => expectSuccess(answer))
})
