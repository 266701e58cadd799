import type * as Schema from "effect/Schema"
import type { JsonObject } from "../../domain/Json.ts"
import { WrittenDelivery } from "./Delivery.ts"
import { DeliveryStatus, PlainStatus, PolicyBundleStatus } from "./DeliveryStatus.ts"
import { Notifier } from "./Notifier.ts"
import { PolicyBundle } from "./PolicyBundle.ts"
import { structuralSchema } from "./structural.ts"

/** A column of `kubectl get`; a wide one shows with `-o wide`. */
const column = (name: string, type: string, jsonPath: string, description: string): JsonObject => ({
  name,
  type,
  description,
  jsonPath
})

const wide = (...given: Parameters<typeof column>): JsonObject => ({ ...column(...given), priority: 1 })

const condition = (type: string, field: string) => `.status.conditions[?(@.type=="${type}")].${field}`

const ready = [
  column("Ready", "string", condition("Ready", "status"), "Whether it is as it should be."),
  column("Status", "string", condition("Ready", "reason"), "Why, in a word.")
]
const message = wide("Message", "string", condition("Ready", "message"), "Why, in a sentence.")
const age = column("Age", "date", ".metadata.creationTimestamp", "How long it has been there.")

const delivery = [
  ...ready,
  column("Revision", "string", ".status.lastAppliedRevision", "What the cluster was last brought to."),
  column("Policy", "string", condition("PolicyPassed", "status"), "Whether the policies let the newest revision pass."),
  age,
  wide("Suspended", "boolean", ".spec.suspend", "Whether runs are stopped."),
  wide("Author", "string", ".status.source.author", "Who wrote the newest revision."),
  wide("Source", "string", ".spec.source.git.url", "Where it comes from; nothing where it is inherited."),
  wide("Path", "string", ".spec.path", "What of it."),
  wide("Drift", "integer", ".status.drift.count", "How often something drifted."),
  wide("Drifted", "date", ".status.drift.last.time", "How long ago something last drifted."),
  message
]

const policyBundle = [
  ...ready,
  column("Enforcement", "string", ".spec.enforcement", "mandatory unless it says something else."),
  column("Policies", "integer", ".status.policies", "How many policies it has."),
  column("Deliveries", "integer", ".status.deliveries", "How many Deliveries it judges."),
  age,
  wide("Revision", "string", ".status.revision", "The revision of its repository that judges."),
  wide("Source", "string", ".spec.source.git.url", "Where it comes from."),
  wide("Library", "string", ".spec.source.library", "What of Sluice's own policies."),
  wide("Path", "string", ".spec.path", "What of the source."),
  message
]

const notifier = [...ready, age, wide("Channel", "string", ".spec.slack.channel", "The channel in Slack."), message]

interface Definition {
  readonly kind: string
  readonly plural: string
  readonly shortName: string
  readonly scope: "Namespaced" | "Cluster"
  readonly description: string
  readonly schema: Schema.Constraint
  readonly status: Schema.Constraint
  readonly columns: ReadonlyArray<JsonObject>
}

const versionSchema = ({ description, schema, status }: Definition): JsonObject => {
  const { properties, ...rest } = structuralSchema(schema) as { readonly properties: JsonObject }
  return {
    ...rest,
    description,
    required: ["spec"],
    properties: {
      ...properties,
      apiVersion: { type: "string", description: "The version of this schema." },
      kind: { type: "string", description: "What it is." },
      metadata: { type: "object" },
      status: { ...structuralSchema(status), description: "What is so." }
    }
  }
}

const definition = (of: Definition): JsonObject => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${of.plural}.sluice.dev` },
  spec: {
    group: "sluice.dev",
    names: {
      kind: of.kind,
      listKind: `${of.kind}List`,
      plural: of.plural,
      singular: of.kind.toLowerCase(),
      shortNames: [of.shortName],
      categories: ["sluice", "gitops"]
    },
    scope: of.scope,
    versions: [{
      name: "v1alpha1",
      served: true,
      storage: true,
      subresources: { status: {} },
      additionalPrinterColumns: of.columns,
      schema: { openAPIV3Schema: versionSchema(of) }
    }]
  }
})

/** The CustomResourceDefinitions, by the name of their file. */
export const definitions: ReadonlyArray<{ readonly plural: string; readonly definition: JsonObject }> = [
  {
    kind: "Delivery",
    plural: "deliveries",
    shortName: "dlv",
    scope: "Namespaced",
    description: "One path of one source, kept true in one cluster.",
    schema: WrittenDelivery,
    status: DeliveryStatus,
    columns: delivery
  },
  {
    kind: "PolicyBundle",
    plural: "policybundles",
    shortName: "pb",
    scope: "Cluster",
    description: "The platform's guardrails: policies that no tenant can override.",
    schema: PolicyBundle,
    status: PolicyBundleStatus,
    columns: policyBundle
  },
  {
    kind: "Notifier",
    plural: "notifiers",
    shortName: "nt",
    scope: "Namespaced",
    description: "Where messages go: one sink.",
    schema: Notifier,
    status: PlainStatus,
    columns: notifier
  }
].map((of) => ({ plural: of.plural, definition: definition(of as Definition) }))
