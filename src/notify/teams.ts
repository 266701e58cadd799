import * as Effect from "effect/Effect"
import { expectSuccess, post } from "./post.ts"
import { teamsMessage } from "./teamsMessage.ts"
import type { ChatMessage } from "./wording.ts"

/** Why nothing can be sent to an address of Teams any more; undefined if it can. */
export const retired = (url: URL): string | undefined =>
  /(^|\.)webhook\.office\.com$/iu.test(url.hostname)
    ? "Office 365 connectors (webhook.office.com) were retired; make a workflow \"Post to a channel when a webhook " +
      "request is received\" in Teams and put its URL into the Secret"
    : undefined

/** Sends to a Workflows webhook of Microsoft Teams, which answers 202 and can neither edit nor thread. */
export const sendToTeams = Effect.fnUntraced(function*(options: {
  readonly url: URL
  readonly message: ChatMessage
  readonly id: string
}) {
  const body = JSON.stringify(teamsMessage(options.message, options.id))
  yield* Effect.flatMap(post(options.url, body, {}), (answer) => expectSuccess(answer))
})
