import * as Schema from "effect/Schema"
import { required } from "../api/v1alpha1/fields.ts"
import { isJsonObject, type Json, type JsonObject } from "../domain/Json.ts"
import { Origin } from "../domain/Manifest.ts"

/** Why something would change, as policies are told. */
export const triggers = ["git", "rollback", "drift", "manual"] as const
export type Trigger = (typeof triggers)[number]

const operations = ["create", "update", "delete", "replace", "unchanged"] as const

/** The group and the kind under which a policy file of the repository is an operation. */
export const policyFile = { group: "policy.sluice.dev", version: "v1alpha1", kind: "Policy" } as const

const { Boolean, Finite, Int, NullOr, String } = Schema

/** Anything: what is in an object is for its own kind to say. */
const Any = Schema.Json

const Person = Schema.Struct({
  name: required(String, "As the commit says; nobody has checked it."),
  email: required(String, "As the commit says; nobody has checked it.")
})

const Field = Schema.Struct({
  path: required(String, "As people write it: spec.template.spec.containers[name=app].image."),
  from: Schema.optionalKey(required(Any, "What it is; left out where it is not there.")),
  to: Schema.optionalKey(required(Any, "What it would be; left out where it would go."))
})

const Operation = Schema.Struct({
  id: required(String, "<group>/<Kind>/<namespace>/<name>; an empty part stays empty: /Namespace//shop."),
  op: required(Schema.Literals(operations), "What would happen to it."),
  gvk: Schema.Struct({
    group: required(String, "Empty for the core group."),
    version: required(String, "v1."),
    kind: required(String, "Deployment; Policy (of policy.sluice.dev) is a policy file of the repository.")
  }),
  scope: required(Schema.Literals(["Namespaced", "Cluster"]), "Whether it is in a namespace."),
  namespace: required(String, "Empty for what is in none."),
  name: required(String, "Its name; the path of a policy file."),
  object: required(
    NullOr(Any),
    "What it would be: the API server's answer to the dry-run, or what is sent where nothing is proven (see unproven)." +
      " Null where it goes or does not change, and for policy files. Values of Secrets are keyed digests."
  ),
  oldObject: required(
    NullOr(Any),
    "What it is, without status and managedFields. Null where it is new or does not change, and for policy files."
  ),
  fields: required(Schema.Array(Field), "The fields that change, of those that this delivery owns or would own."),
  takesFrom: required(Schema.Array(String), "Field managers that lose a field by it."),
  unproven: Schema.optionalKey(required(String, "Why no dry-run has proven it.")),
  source: required(NullOr(Origin), "Where the object is written; null for what is not in this revision.")
})

const Source = Schema.Struct({
  repository: required(String, "Its address, without credentials."),
  ref: required(String, "The branch or tag."),
  revision: required(String, "The commit."),
  previousRevision: required(NullOr(String), "The commit that was last applied in full; null for the first."),
  author: required(Person, "Who wrote the commit."),
  committer: required(Person, "Who committed it."),
  message: required(String, "The commit's message, at most 8,192 characters of it."),
  signature: Schema.Struct({
    present: required(Boolean, "Whether the commit carries a signature."),
    verified: required(Boolean, "Whether it is that of somebody who is trusted.")
  })
})

const count = (description: string) => required(Int, description)
const share = (description: string) => required(Finite, description)

/** `input` of the rules that judge changesets (`schema.changeset`). */
export const ChangesetDocument = Schema.Struct({
  apiVersion: Schema.Literal("policy.sluice.dev/v1alpha1"),
  kind: Schema.Literal("Changeset"),
  changeset: Schema.Struct({
    id: required(String, "Of what would be done and to what: what --confirm names."),
    trigger: required(
      Schema.Literals(triggers),
      "git: a new commit. rollback: a commit that was applied before. drift: the cluster left what is applied, and it" +
        " is put back. manual: the commit that is applied, because somebody asked, or changed the Delivery or the" +
        " policies."
    ),
    dryRun: required(Boolean, "Whether it is only shown (sluice diff)."),
    evaluatedAt: required(String, "RFC 3339, in UTC: the one time of this evaluation."),
    evaluatedAtNs: required(Finite, "The same in nanoseconds since 1970; exactly what time.now_ns() answers."),
    delivery: Schema.Struct({
      namespace: required(String, "Of the Delivery."),
      name: required(String, "Of the Delivery."),
      path: required(String, "The folder of the repository; empty for its root.")
    }),
    cluster: Schema.Struct({
      kubernetesVersion: required(String, "1.36.1, without a v.")
    }),
    source: Source
  }),
  summary: Schema.Struct({
    create: count("Objects that would be made."),
    update: count("Objects that would change."),
    delete: count("Objects that would go."),
    replace: count("Objects that would be deleted and made again."),
    unchanged: count("Objects that would stay as they are."),
    total: count("All of them."),
    shares: Schema.Struct({
      changed: share("Of the objects that exist: what part would change in place, from 0 to 1."),
      deleted: share("What part would go."),
      replaced: share("What part would be deleted and made again.")
    })
  }),
  operations: required(
    Schema.Array(Operation),
    "In the order in which they would be done; policy files last. The summary does not count those."
  )
})
export type ChangesetDocument = typeof ChangesetDocument.Type
export type Operation = ChangesetDocument["operations"][number]

/** Null or anything is anything: OPA's type checker reads no alternatives of that kind. */
const open = (node: Json): Json => {
  if (Array.isArray(node)) return node.map((item: Json) => open(item))
  if (!isJsonObject(node)) return node
  const { anyOf, ...rest } = node
  if (Array.isArray(anyOf) && anyOf.some((one: Json) => isJsonObject(one) && Object.keys(one).length === 0)) return rest
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, open(value)]))
}

/** The JSON Schema of the document, for `opa check --schema` and for editors. */
export const changesetSchema = (): JsonObject => {
  const options = { referencePolicy: () => undefined, onExcessProperty: "error" } as const
  const { schema } = Schema.toJsonSchemaDocument(ChangesetDocument, options)
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Changeset",
    ...open(schema as JsonObject) as JsonObject
  }
}
