import * as DateTime from "effect/DateTime"
import { createHmac } from "node:crypto"
import { format } from "../domain/Revision.ts"
import type { DriftMessage } from "./DriftMessage.ts"
import { type Message, revisionOf } from "./Message.ts"

const types = {
  applied: "dev.sluice.delivery.applied.v1",
  blocked: "dev.sluice.delivery.blocked.v1",
  failed: "dev.sluice.delivery.failed.v1",
  recovered: "dev.sluice.delivery.recovered.v1",
  drift: "dev.sluice.delivery.drift.v1"
} as const

const iso = (milliseconds: number): string => DateTime.formatIso(DateTime.makeUnsafe(milliseconds))

/** The message as a CloudEvent 1.0. Its data has the field names of `cli.sluice.dev/v1`. */
export const cloudEvent = (message: Message | DriftMessage, id: string) => {
  const [namespace, name] = message.delivery.split("/", 2)
  const cluster = message.cluster === undefined ? "" : `/clusters/${encodeURIComponent(message.cluster)}`
  const revision = revisionOf(message)
  return {
    specversion: "1.0",
    id,
    source: `${cluster}/namespaces/${namespace}/deliveries/${name}`,
    type: types[message.state],
    ...revision === "" ? {} : { subject: revision },
    time: iso(message.time),
    datacontenttype: "application/json",
    data: {
      apiVersion: "cli.sluice.dev/v1",
      ...message.state === "drift" ? drift(message) : transition(message)
    }
  }
}

const transition = (message: Message) => {
  const { commit, error, state, summary } = message
  const revision = revisionOf(message)
  return {
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
    ...message.violationCount === 0 ? {} : { violations: message.violations, violationCount: message.violationCount },
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

const phases = {
  changes: "changed",
  fighting: "fight-started",
  "still fighting": "fight-goes-on",
  over: "fight-over"
} as const

const drift = (message: DriftMessage) => {
  const revision = revisionOf(message)
  return {
    kind: "Drift",
    state: message.state,
    phase: phases[message.phase],
    delivery: message.delivery,
    ...revision === "" ? {} : { revision },
    url: message.url,
    since: iso(message.since),
    findings: message.findings.map(({ action, fieldCount, fields, manager, object, seen, time, times }) => ({
      object,
      manager,
      fields,
      fieldCount,
      ...time === undefined ? {} : { changedAt: iso(time) },
      seenAt: iso(seen),
      action,
      times
    })),
    changes: message.changes,
    more: message.more
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
