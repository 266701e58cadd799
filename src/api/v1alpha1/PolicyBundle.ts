import * as Schema from "effect/Schema"
import { apiVersion, GitSource } from "./Delivery.ts"

const Requirement = Schema.Struct({
  key: Schema.String,
  operator: Schema.Literals(["In", "NotIn", "Exists", "DoesNotExist"]),
  values: Schema.optionalKey(Schema.Array(Schema.String))
})

/** As everywhere in Kubernetes: all of it has to hold; an empty selector selects everything. */
export const LabelSelector = Schema.Struct({
  matchLabels: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  matchExpressions: Schema.optionalKey(Schema.Array(Requirement))
})
export type LabelSelector = typeof LabelSelector.Type

const SecretRef = Schema.Struct({ name: Schema.String, namespace: Schema.String })

export const Waiver = Schema.Struct({
  policy: Schema.String,
  objects: Schema.optionalKey(Schema.Array(Schema.Struct({
    kind: Schema.optionalKey(Schema.String),
    namespace: Schema.optionalKey(Schema.String),
    name: Schema.optionalKey(Schema.String)
  }))),
  reason: Schema.String,
  owner: Schema.String,
  /** RFC 3339. */
  until: Schema.String
})

export const PolicyBundleSpec = Schema.Struct({
  source: Schema.Struct({
    git: Schema.optionalKey(Schema.Struct({ ...GitSource.fields, secretRef: Schema.optionalKey(SecretRef) })),
    /** Of the policies that come with Sluice. */
    library: Schema.optionalKey(Schema.Array(Schema.String))
  }),
  path: Schema.optionalKey(Schema.String),
  match: Schema.optionalKey(Schema.Struct({
    namespaceSelector: Schema.optionalKey(LabelSelector),
    deliverySelector: Schema.optionalKey(LabelSelector)
  })),
  enforcement: Schema.optionalKey(Schema.Literals(["mandatory", "default", "audit"])),
  data: Schema.optionalKey(Schema.Record(Schema.String, Schema.Json)),
  waivers: Schema.optionalKey(Schema.Array(Waiver))
})

/** The platform's guardrails. Cluster-scoped: no tenant can override or shadow it. */
export const PolicyBundle = Schema.Struct({
  apiVersion: Schema.Literal(apiVersion),
  kind: Schema.Literal("PolicyBundle"),
  metadata: Schema.Struct({ name: Schema.String }),
  spec: PolicyBundleSpec
})
export type PolicyBundle = typeof PolicyBundle.Type
