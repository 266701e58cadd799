import type { JsonObject } from "../domain/Json.ts"
import { changesetSchema } from "./ChangesetDocument.ts"
import type { Declared } from "./Rule.ts"

const $schema = "https://json-schema.org/draft/2020-12/schema"

const text: JsonObject = { type: "string" }
const texts: JsonObject = { type: "object", additionalProperties: text }

const metadata: JsonObject = {
  type: "object",
  properties: {
    name: text,
    generateName: text,
    namespace: text,
    labels: texts,
    annotations: texts,
    finalizers: { type: "array", items: text },
    ownerReferences: {
      type: "array",
      items: {
        type: "object",
        properties: {
          apiVersion: text,
          kind: text,
          name: text,
          uid: text,
          controller: { type: "boolean" },
          blockOwnerDeletion: { type: "boolean" }
        }
      }
    },
    uid: text,
    resourceVersion: text,
    generation: { type: "integer" },
    creationTimestamp: {},
    deletionTimestamp: {},
    deletionGracePeriodSeconds: {},
    managedFields: {},
    selfLink: text
  }
}

/** What stands at the top of Kubernetes' own kinds (1.36), besides apiVersion, kind and metadata; `specs` is Cilium's. */
const fields =
  (`action addressType aggregationRule allowVolumeExpansion allowedTopologies automountServiceAccountToken binaryData ` +
    `capacity conditions count data deleteOptions deprecatedCount deprecatedFirstTimestamp deprecatedLastTimestamp deprecatedSource ` +
    `description driverName endpoints eventTime firstTimestamp globalDefault handler imagePullSecrets immutable ` +
    `involvedObject lastTimestamp maximumVolumeSize message mountOptions nodeTopology note overhead parameters ports ` +
    `preemptionPolicy provisioner reason reclaimPolicy regarding related reportingComponent reportingController ` +
    `reportingInstance revision roleRef rules scheduling secrets series source spec specs status storageClassName ` +
    `stringData subjects subsets target template type value volumeBindingMode webhooks`).split(" ")

const object: JsonObject = {
  type: "object",
  required: ["apiVersion", "kind", "metadata"],
  properties: {
    apiVersion: text,
    kind: text,
    metadata,
    ...Object.fromEntries(fields.map((name) => [name, {}]))
  }
}

/**
 * JSON Schemas of what rules judge, by the names that METADATA gives them (`schemas: [{input: schema.object}]`). An
 * object may have other fields, but OPA's type checker takes those that are listed for all: what an admission review
 * has (`input.request`, `input.review`) is an error, and a field of one's own kinds is read by `object.get`.
 */
export const schemas: Readonly<Record<Declared, JsonObject>> = {
  object: { $schema, title: "One Kubernetes object", ...object },
  changeset: changesetSchema(),
  combined: {
    $schema,
    title: "All Kubernetes objects of a revision, as conftest --combine gives them",
    type: "array",
    items: {
      type: "object",
      required: ["path", "contents"],
      properties: { path: text, contents: object },
      additionalProperties: false
    }
  }
}

/** A schema as a file holds it. */
export const schemaText = (schema: JsonObject): string => `${JSON.stringify(schema, null, 2)}\n`
