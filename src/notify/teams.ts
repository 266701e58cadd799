import * as Effect from "effect/Effect"
import { parseAddress } from "./address.ts"
import { expectSuccess, post } from "./post.ts"
import { SendFailed } from "./SendFailed.ts"
import { teamsMessage } from "./teamsMessage.ts"
import type { ChatMessage } from "./wording.ts"

const isConnector = (url: URL): boolean => /(^|\.)webhook\.office\.com$/iu.test(url.hostname)

/** Sends to a Workflows webhook of Microsoft Teams, which answers 202 and can neither edit nor thread. */
export const sendToTeams = Effect.fnUntraced(function*(options: {
  readonly address: string
  readonly allowLoopback: boolean
  readonly message: ChatMessage
  readonly id: string
}) {
  const address = parseAddress(options.address, { allowLoopback: options.allowLoopback, carriesToken: false })
  if ("refused" in address) return yield* new SendFailed({ why: address.refused, retryable: false })
  if (isConnector(address.url)) {
    return yield* new SendFailed({
      why:
        "Office 365 connectors (webhook.office.com) were retired; make a workflow \"Post to a channel when a webhook " +
        "request is received\" in Teams and put its URL into the Secret",
      retryable: false
    })
  }
  const body = JSON.stringify(teamsMessage(options.message, options.id))
  yield* Effect.flatMap(post(address.url, body, {}), (answer) => expectSuccess(answer))
})
