import * as Schema from "effect/Schema"
import { apiVersion, Metadata } from "./Delivery.ts"

const SecretRef = Schema.Struct({ name: Schema.String })

/** Where messages go: one sink each. */
export const NotifierSpec = Schema.Union([
  /** Secret: `token` (bot) or `address` (incoming webhook). */
  Schema.Struct({ slack: Schema.Struct({ channel: Schema.optionalKey(Schema.String), secretRef: SecretRef }) }),
  /** Secret: `address`, a Workflows URL. */
  Schema.Struct({ teams: Schema.Struct({ secretRef: SecretRef }) }),
  /** Secret: `address`, and `token` that signs (Standard Webhooks); the body is a CloudEvent. */
  Schema.Struct({ webhook: Schema.Struct({ secretRef: SecretRef }) })
])

export const Notifier = Schema.Struct({
  apiVersion: Schema.Literal(apiVersion),
  kind: Schema.Literal("Notifier"),
  metadata: Metadata,
  spec: NotifierSpec
})
export type Notifier = typeof Notifier.Type
