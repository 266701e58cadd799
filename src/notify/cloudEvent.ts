import * as DateTime from "effect/DateTime"
import { createHmac } from "node:crypto"
import { format } from "../domain/Revision.ts"
import { type Message, revisionOf } from "./Message.ts"

const types = {
  applied: "dev.sluice.delivery.applied.v1",
  blocked: "dev.sluice.delivery.blocked.v1",
  failed: "dev.sluice.delivery.failed.v1",
  recovered: "dev.sluice.delivery.recovered.v1"
} as const

/** The message as a CloudEvent 1.0. Its data has the field names of `cli.sluice.dev/v1`. */
export const cloudEvent = (message: Message, id: string) => {
  const [namespace, name] = message.delivery.split("/", 2)
  const cluster = message.cluster === undefined ? "" : `/clusters/${encodeURIComponent(message.cluster)}`
  const revision = revisionOf(message)
  const { commit, error, state, summary } = message
  return {
    specversion: "1.0",
    id,
    source: `${cluster}/namespaces/${namespace}/deliveries/${name}`,
    type: types[state],
    ...revision === "" ? {} : { subject: revision },
    time: DateTime.formatIso(DateTime.makeUnsafe(message.time)),
    datacontenttype: "application/json",
    data: {
      apiVersion: "cli.sluice.dev/v1",
      kind: "Transition",
      state,
      delivery: message.delivery,
      run: message.run,
      ...revision === "" ? {} : { revision },
      ...message.previous === undefined ? {} : { previous: format(message.previous) },
      url: message.url,
      durationMs: message.durationMs,
      ...commit === undefined ? {} : { commit },
      ...message.changes === undefined ? {} : { changes: message.changes, objects: message.objects },
      ...summary === undefined ? {} : { summary },
      ...message.violationCount === 0
        ? {}
        : { violations: message.violations, violationCount: message.violationCount },
      ...error === undefined ? {} : {
        error: {
          reason: error.reason,
          stage: error.stage,
          message: error.message,
          hint: error.hint,
          ...error.origin === undefined ? {} : { source: error.origin },
          ...error.object === undefined ? {} : { object: error.object }
        }
      }
    }
  }
}

const keyOf = (secret: string): Buffer =>
  secret.startsWith("whsec_") ? Buffer.from(secret.slice("whsec_".length), "base64") : Buffer.from(secret)

/**
 * The headers of Standard Webhooks 1.0. A key that begins with `whsec_` is base64; any other is taken as it is. Without a
 * key the event goes unsigned.
 */
export const standardWebhookHeaders = (
  id: string,
  timestamp: number,
  body: string,
  secret: string | undefined
): Readonly<Record<string, string>> => ({
  "webhook-id": id,
  "webhook-timestamp": String(timestamp),
  ...secret === undefined ? {} : {
    "webhook-signature": `v1,${
      createHmac("sha256", keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest("base64")
    }`
  }
})
