import * as Schema from "effect/Schema"
import {
  defaulted,
  Empty,
  Form,
  Keyed,
  LabelName,
  List,
  Moment,
  Name,
  optional,
  required,
  Text,
  Words
} from "./fields.ts"
import { atMostOneOf, oneOf, type Rule, ruled } from "./rules.ts"

export const apiVersion = "sluice.dev/v1alpha1"

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const

/** Milliseconds of a duration in Go's notation. */
export const milliseconds = (duration: string): number =>
  [...duration.matchAll(/([0-9.]+)(ms|s|m|h)/gu)]
    .reduce((sum, [, count, unit]) => sum + Number(count) * units[unit as keyof typeof units], 0)

/** `30s`, `1h30m`: Go's notation, longer than nothing. No sum of four such parts is more than a safe integer. */
export const GoDuration = Form(
  /^([0-9]{1,8}(\.[0-9]{1,3})?(ms|s|m|h)){1,4}$/u,
  "a duration such as 30s or 1h30m",
  64
).check(
  Schema.isPattern(/[1-9]/u, {
    expected: "a duration longer than nothing",
    toJsonSchema: () => ({}),
    "x-kubernetes-validations": [{ rule: "self.matches('[1-9]')", message: "a duration is longer than nothing" }]
  })
)

const LocalRef = Schema.Struct({ name: required(Name, "Its name; it is in the same namespace.") })

/** What holds of a Git repository, whoever names it. */
export const gitRules: ReadonlyArray<Rule> = [
  oneOf(["branch", "tag", "commit"], "exactly one of branch, tag and commit says which revision is wanted"),
  {
    cel: "!self.url.matches('^https?://[^/?#]*@')",
    message: "the url holds credentials: put them as username and password into a Secret, and name it in secretRef"
  }
]

/** A Git repository. One of branch, tag and commit; commit wins, then tag. */
export const GitSource = ruled(
  Schema.Struct({
    url: required(Text(2_048), "The https address of the repository, without credentials."),
    branch: optional(Text(255), "Follows this branch."),
    tag: optional(Text(255), "Follows this tag."),
    commit: optional(Text(64), "Stays at this commit: its full hash."),
    secretRef: optional(
      LocalRef,
      "The Secret with username and password, or bearerToken, and where needed ca.crt: the same keys as Flux's."
    ),
    insecure: defaulted(Schema.Boolean, false, "Allows credentials over plain http.")
  }),
  ...gitRules
)
export type GitSource = typeof GitSource.Type

const Path = Text(1_024)

export const HelmRender = Schema.Struct({
  releaseName: optional(
    LabelName,
    "The name of the release, by default the Delivery's. It stays as it is: names and selectors are made of it."
  ),
  valuesFiles: defaulted(
    List(Path, 256),
    [],
    "Files of values, the last one wins: from the chart's folder or, with a leading slash, from the repository's root."
  ),
  values: optional(Schema.Record(Schema.String, Schema.Json), "Values that go before those of all files.")
})

export const Notification = Schema.Struct({
  name: required(Name, "The Notifier's name; it is in the same namespace."),
  on: defaulted(
    List(Schema.Literals(["applied", "blocked", "failed", "recovered", "drift"]), 16),
    ["applied", "blocked", "failed", "recovered", "drift"],
    "What is told. Write the key with its quotes: unquoted, on is true in YAML, and kubectl takes it for that."
  )
})

const DeletionLimit = Schema.Union([
  Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
  Form(/^(100|[0-9]{1,2})%$/u, "a number or a percentage such as 50%", 16)
])

/** Fields that other controllers decide, of the objects that `target` selects. */
export const IgnoreRule = Schema.Struct({
  paths: required(
    List(Form(/^(\/([^~/]|~[01])*)+$/u, "a JSON pointer such as /spec/replicas", 1_024), 64),
    "JSON pointers (RFC 6901) to fields that are left alone: /spec/replicas."
  ),
  target: defaulted(
    Schema.Struct({
      group: optional(Words(253), "Their API group."),
      kind: optional(Words(253), "Their kind."),
      namespace: optional(Words(63), "Their namespace."),
      name: optional(Words(253), "Their name.")
    }),
    {},
    "The objects whose fields they are: all that fit what is said here."
  )
})
export type IgnoreRule = typeof IgnoreRule.Type

export const ApplySpec = Schema.Struct({
  serviceAccountName: optional(
    Name,
    "The ServiceAccount of this namespace as which everything is read and written; sluice, outside the agent's own."
  ),
  prune: defaulted(Schema.Boolean, true, "Deletes what is no longer in the source."),
  wait: defaulted(Schema.Boolean, true, "Waits until everything is healthy."),
  timeout: defaulted(GoDuration, "5m", "How long an apply, and then the wait for health, may take."),
  deletionLimit: defaulted(
    DeletionLimit,
    "50%",
    "How many objects, or what part of them, one revision may delete before somebody has to confirm it."
  ),
  conflicts: defaulted(
    Schema.Literals(["take", "fail"]),
    "take",
    "What becomes of a field that another manager set: take it, or fail."
  ),
  force: optional(
    Schema.Literals(["recreate"]),
    "What to do where a field is immutable: recreate deletes the object and creates it anew."
  ),
  drift: defaulted(
    Schema.Literals(["heal", "report", "ignore"]),
    "heal",
    "What becomes of a change that somebody makes in the cluster."
  ),
  ignore: defaulted(List(IgnoreRule, 64), [], "Fields that other controllers decide."),
  allowManagers: defaulted(List(Text(128), 64), [], "Field managers whose additions to our objects are left alone.")
})

export const RegoVersion = Schema.Literals(["v0", "v1"])

export const PolicySpec = Schema.Struct({
  paths: optional(
    List(Path, 64),
    "Folders of the repository that hold policies; by default policies/ at its root, if it is there."
  ),
  data: defaulted(Schema.Record(Schema.String, Schema.Json), {}, "What policies read as data.parameters."),
  regoVersion: defaulted(
    RegoVersion,
    "v1",
    "The Rego of policies whose conftest.toml does not say: v0 for those from before OPA 1.0. Templates say it themselves."
  ),
  enforcement: defaulted(
    Schema.Literals(["enforce", "audit"]),
    "enforce",
    "Whether a denial blocks the revision or is only told."
  )
})

export const Source = Schema.Struct({
  git: required(GitSource, "A Git repository."),
  interval: defaulted(GoDuration, "1m", "How often the repository is asked what is new, where no webhook tells."),
  webhook: optional(
    Schema.Struct({
      secretRef: required(
        LocalRef,
        "The Secret with token, or signingToken (whsec_…); with both while one replaces the other."
      )
    }),
    "Who may tell that the repository has something new."
  )
})
export type Source = typeof Source.Type

const source = "Where the objects come from. A Delivery that another Delivery applied may inherit its source."

const specFields = {
  path: defaulted(Words(1_024), "", "A kustomization, a chart or a folder of YAML in the repository."),
  kustomize: optional(Empty, "The path is a kustomization. By default the folder tells."),
  plain: optional(Empty, "The path is a folder of YAML. By default the folder tells."),
  helm: optional(HelmRender, "The path is a chart. By default the folder tells."),
  render: optional(
    Schema.Struct({
      kubernetes: required(
        Schema.Struct({
          version: required(Text(64), "Its version: 1.36.3."),
          apiVersions: defaulted(List(Text(253), 2_048), [], "What it serves: apps/v1/Deployment.")
        }),
        "The cluster that charts are rendered for where none is asked, so that check agrees with run."
      )
    }),
    "How it is rendered, whatever the renderer."
  ),
  policy: defaulted(PolicySpec, {}, "The policies of the repository that decide before anything is written."),
  apply: defaulted(ApplySpec, {}, "How objects are written."),
  deletion: defaulted(
    Schema.Literals(["prune", "orphan"]),
    "prune",
    "What becomes of the objects when the Delivery is deleted: prune deletes them, also claims and Namespaces."
  ),
  dependsOn: defaulted(
    List(
      Schema.Struct({
        name: required(Name, "Its name."),
        namespace: optional(LabelName, "Its namespace, where the agent allows another than this one.")
      }),
      64
    ),
    [],
    "Deliveries that have to be ready before this one is applied."
  ),
  notify: defaulted(Keyed(Notification, "name", 64), [], "Who is told."),
  suspend: defaulted(Schema.Boolean, false, "Stops runs; drift is still reported, and not healed."),
  suspension: optional(
    Schema.Struct({
      reason: optional(Words(1_024), "Why."),
      by: optional(Words(256), "Who."),
      until: optional(Moment, "RFC 3339; from then on the delivery goes on by itself.")
    }),
    "Why, who, how long: while suspend is true."
  )
}

const renderers = atMostOneOf(
  ["kustomize", "plain", "helm"],
  "renderers",
  "at most one of kustomize, plain and helm says how the path is rendered",
  "Keep one, or none: the folder tells what it is."
)

export const DeliverySpec = ruled(Schema.Struct({ source: required(Source, source), ...specFields }), renderers)

export const Metadata = Schema.Struct({
  name: Name,
  namespace: defaulted(LabelName, "default", "Where it is."),
  labels: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  annotations: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
})

/** One path of one source, kept true in one cluster. Its source is known: its own, or inherited. */
export const Delivery = Schema.Struct({
  apiVersion: Schema.Literal(apiVersion),
  kind: Schema.Literal("Delivery"),
  metadata: Metadata,
  spec: DeliverySpec
})
export type Delivery = typeof Delivery.Type

/** Without a renderer the folder may be a chart. */
const mayBeChart = (self: string) => `!has(${self}.spec.kustomize) && !has(${self}.spec.plain)`
const releaseName = (self: string) =>
  `(has(${self}.spec.helm) && has(${self}.spec.helm.releaseName) ? ${self}.spec.helm.releaseName : self.metadata.name)`

/** A Delivery as people write it: one that another Delivery applied may leave out its source. */
export const WrittenDelivery = ruled(
  Schema.Struct({
    ...Delivery.fields,
    spec: required(
      ruled(Schema.Struct({ source: optional(Source, source), ...specFields }), renderers),
      "What is wanted."
    )
  }),
  {
    cel: `!(${mayBeChart("self")} && ${mayBeChart("oldSelf")}) || ${releaseName("self")} == ${releaseName("oldSelf")}`,
    message: "spec.helm.releaseName stays as it is, because names and selectors are made of it: " +
      "delete the Delivery (with deletion: orphan its objects stay) and create it with the other name"
  }
)
export type WrittenDelivery = typeof WrittenDelivery.Type

/** `<namespace>/<name>`: how deliveries are named in events, messages and logs. */
export const nameOf = (delivery: Pick<Delivery, "metadata">): string =>
  `${delivery.metadata.namespace}/${delivery.metadata.name}`
