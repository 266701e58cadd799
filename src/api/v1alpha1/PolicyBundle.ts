import * as Schema from "effect/Schema"
import { apiVersion, gitRules, GitSource, GoDuration, RegoVersion } from "./Delivery.ts"
import { defaulted, LabelName, List, Moment, Name, optional, required, Text, Words } from "./fields.ts"
import { needs, oneOf, ruled } from "./rules.ts"

const Requirement = Schema.Struct({
  key: required(Text(317), "The label."),
  operator: required(Schema.Literals(["In", "NotIn", "Exists", "DoesNotExist"]), "What has to be so of its value."),
  values: optional(List(Words(63), 256), "The values; none for Exists and DoesNotExist.")
})

/** As everywhere in Kubernetes: all of it has to hold; an empty selector selects everything. */
export const LabelSelector = Schema.Struct({
  matchLabels: optional(Schema.Record(Schema.String, Schema.String), "Labels with exactly these values."),
  matchExpressions: optional(List(Requirement, 64), "Requirements; all have to hold.")
})
export type LabelSelector = typeof LabelSelector.Type

/** Which Deliveries a PolicyBundle judges: both have to fit; what is left out fits all. */
export interface Match {
  readonly namespaceSelector?: LabelSelector
  readonly deliverySelector?: LabelSelector
}

const SecretRef = Schema.Struct({
  name: required(Name, "Its name."),
  namespace: required(LabelName, "Its namespace.")
})

/** Lets one policy's denials through for a time: in a PolicyBundle, and in the `waivers.yaml` of a repository. */
export const Waiver = Schema.Struct({
  policy: required(Text(256), "The id of the policy that it lifts."),
  objects: optional(
    List(
      Schema.Struct({
        kind: optional(Text(253), "Their kind."),
        namespace: optional(Text(63), "Their namespace."),
        name: optional(Text(253), "Their name.")
        // What the API server prunes, a misspelt field, would leave an object that is every object.
      }).check(Schema.isMinProperties(1, { expected: "a kind, a namespace or a name" })),
      256
    ).check(Schema.isMinLength(1, { expected: "at least one object" })),
    "The objects for which it does, by what is said of them; all, where this is left out."
  ),
  reason: required(Text(1_024), "Why."),
  owner: required(Text(256), "Who answers for it."),
  until: required(Moment, "RFC 3339; from then on the policy denies again.")
})

const Git = ruled(
  Schema.Struct({
    ...GitSource.fields,
    secretRef: optional(SecretRef, "The Secret with the same keys as that of a Delivery's source.")
  }),
  ...gitRules
)

export const PolicyBundleSpec = ruled(
  Schema.Struct({
    source: required(
      ruled(
        Schema.Struct({
          git: optional(Git, "A Git repository."),
          library: optional(
            List(Text(256), 64).check(Schema.isMinLength(1, { expected: "at least one policy" })),
            "Policies that come with Sluice: a profile (pod-security/restricted), a category, or one policy of it."
          ),
          interval: defaulted(
            GoDuration,
            "1m",
            "How often the repository is asked what is new, where no webhook tells."
          ),
          webhook: optional(
            Schema.Struct({
              secretRef: required(
                SecretRef,
                "The Secret with token, or signingToken (whsec_…); with both while one replaces the other."
              )
            }),
            "Who may tell that the repository has something new."
          )
        }),
        oneOf(["git", "library"], "exactly one of git and library says where the policies come from"),
        needs("webhook", ["git"], "webhook tells of the Git repository: without git there is none")
      ),
      "Where the policies come from."
    ),
    path: optional(Words(1_024), "The folder of the repository that holds them; by default its root."),
    match: optional(
      Schema.Struct({
        namespaceSelector: optional(LabelSelector, "Labels of the Delivery's namespace."),
        deliverySelector: optional(
          LabelSelector,
          "Labels of the Delivery. Who may write a Delivery chooses them, and with them whether he is judged: only the " +
            "labels of its namespace are out of his reach."
        )
      }),
      "The Deliveries that it judges: both have to fit. By default all."
    ),
    enforcement: defaulted(
      Schema.Literals(["mandatory", "default", "audit"]),
      "mandatory",
      "mandatory; default, which a repository may waive; or audit, which only tells."
    ),
    regoVersion: optional(
      RegoVersion,
      "The Rego of policies whose conftest.toml does not say: v1, or v0 for those from before OPA 1.0."
    ),
    data: optional(Schema.Record(Schema.String, Schema.Json), "What the policies read as data.parameters."),
    waivers: optional(List(Waiver, 256), "What is let through for a time, by whom and why.")
  }),
  needs("path", ["source", "git"], "path is a folder of the Git repository: without source.git there is none")
)

/** The platform's guardrails. Cluster-scoped: no tenant can override or shadow it. */
export const PolicyBundle = Schema.Struct({
  apiVersion: Schema.Literal(apiVersion),
  kind: Schema.Literal("PolicyBundle"),
  metadata: Schema.Struct({
    name: Name,
    labels: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
    annotations: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
  }),
  spec: required(PolicyBundleSpec, "What is wanted.")
})
export type PolicyBundle = typeof PolicyBundle.Type
