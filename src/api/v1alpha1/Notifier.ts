import * as Schema from "effect/Schema"
import { isJsonObject } from "../../domain/Json.ts"
import { apiVersion, Metadata } from "./Delivery.ts"
import { Empty, Name, optional, required, Text } from "./fields.ts"
import { oneOf, ruled } from "./rules.ts"

const SecretRef = Schema.Struct({ name: required(Name, "Its name; it is in the same namespace.") })

const Slack = Schema.Struct({
  slack: required(
    Schema.Struct({
      channel: optional(Text(256), "The channel: a bot's token needs it, an incoming webhook has its own."),
      secretRef: required(SecretRef, "The Secret with token (of a bot) or address (of an incoming webhook).")
    }),
    "Messages to Slack."
  )
})

const Teams = Schema.Struct({
  teams: required(
    Schema.Struct({ secretRef: required(SecretRef, "The Secret with address, a Workflows URL.") }),
    "Messages to Microsoft Teams."
  )
})

const Webhook = Schema.Struct({
  webhook: required(
    Schema.Struct({
      secretRef: required(SecretRef, "The Secret with address, and token, which signs (Standard Webhooks).")
    }),
    "CloudEvents to an address."
  )
})

/** The names of the sinks, as they stand in the spec. */
export const sinks = ["slack", "teams", "webhook"] as const

/** Where messages go: one sink each. */
export const NotifierSpec = ruled(
  Schema.Union([Slack, Teams, Webhook]),
  oneOf(sinks, `exactly one of ${sinks.join(", ")} says where messages go`)
)

export const Notifier = Schema.Struct({
  apiVersion: Schema.Literal(apiVersion),
  kind: Schema.Literal("Notifier"),
  metadata: Metadata,
  spec: required(NotifierSpec, "What is wanted.")
})
export type Notifier = typeof Notifier.Type

const nothing = Schema.Struct({ ...Notifier.fields, spec: Empty }) as unknown as typeof Notifier

/**
 * A Notifier with the sink that an object names, so that what decodes it does not complain of what the others lack; with
 * no sink where it names none, which is a contradiction.
 */
export const notifierOf = (object: unknown) => {
  const spec = isJsonObject(object) && isJsonObject(object.spec) ? object.spec : {}
  const named = sinks.findIndex((name) => spec[name] !== undefined)
  return named === -1 ? nothing : Schema.Struct({ ...Notifier.fields, spec: NotifierSpec.members[named]! })
}
