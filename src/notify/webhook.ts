import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { cloudEvent, standardWebhookHeaders } from "./cloudEvent.ts"
import type { DriftMessage } from "./DriftMessage.ts"
import type { Message } from "./Message.ts"
import { expectSuccess, post } from "./post.ts"

/** Sends a CloudEvent, signed as Standard Webhooks say if the Secret has a token. Any 2xx is success. */
export const sendToWebhook = Effect.fnUntraced(function*(options: {
  readonly url: URL
  readonly token: string | undefined
  readonly message: Message | DriftMessage
  readonly id: string
}) {
  const body = JSON.stringify(cloudEvent(options.message, options.id))
  const seconds = Math.floor((yield* Clock.currentTimeMillis) / 1_000)
  const answer = yield* post(options.url, body, {
    ...standardWebhookHeaders(options.id, seconds, body, options.token),
    "content-type": "application/cloudevents+json; charset=utf-8"
  })
  // A receiver's 410 says that it will never want another; all answers but success are its own affair.
  yield* expectSuccess(answer, "")
})
