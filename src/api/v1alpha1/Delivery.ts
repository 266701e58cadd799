import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

export const apiVersion = "sluice.dev/v1alpha1"

/** `30s`, `1h30m`: Go's notation. Milliseconds inside. */
export const GoDuration = Schema.String.check(
  Schema.isPattern(/^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$/u, { expected: "a duration such as 30s or 1h30m" })
)

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const

/** Milliseconds of a duration in Go's notation. */
export const milliseconds = (duration: string): number =>
  [...duration.matchAll(/([0-9.]+)(ms|s|m|h)/gu)]
    .reduce((sum, [, count, unit]) => sum + Number(count) * units[unit as keyof typeof units], 0)

const Name = Schema.String.check(
  Schema.isPattern(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/u, {
    expected: "a name of lower-case letters, digits, - and ."
  })
)
const LabelName = Schema.String.check(
  Schema.isPattern(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/u, {
    expected: "a name of at most 63 lower-case letters, digits and -"
  })
)
const LocalRef = Schema.Struct({ name: Name })

const withDefault = <S extends Schema.Codec<unknown, unknown>>(schema: S, encoded: S["Encoded"]) =>
  schema.pipe(Schema.withDecodingDefaultKey<S>(Effect.succeed(encoded)))

/** A Git repository. One of branch, tag and commit; commit wins, then tag. */
export const GitSource = Schema.Struct({
  url: Schema.String,
  branch: Schema.optionalKey(Schema.String),
  tag: Schema.optionalKey(Schema.String),
  commit: Schema.optionalKey(Schema.String),
  secretRef: Schema.optionalKey(LocalRef),
  /** Allows credentials over plain http. */
  insecure: withDefault(Schema.Boolean, false)
})
export type GitSource = typeof GitSource.Type

export const HelmRender = Schema.Struct({
  releaseName: Schema.optionalKey(LabelName),
  /** From the chart's folder or, with a leading slash, from the root of the repository. */
  valuesFiles: withDefault(Schema.Array(Schema.String), []),
  values: Schema.optionalKey(Schema.Record(Schema.String, Schema.Json))
})

export const Notification = Schema.Struct({
  name: Name,
  on: withDefault(
    Schema.Array(Schema.Literals(["applied", "blocked", "failed", "recovered", "drift"])),
    ["applied", "blocked", "failed", "recovered", "drift"]
  )
})

const DeletionLimit = Schema.Union([
  Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
  Schema.String.check(
    Schema.isPattern(/^(100|[0-9]{1,2})%$/u, { expected: "a number or a percentage such as 50%" })
  )
])

const applyDefaults = {
  prune: true,
  wait: true,
  timeout: "5m",
  drift: "heal",
  deletionLimit: "50%",
  conflicts: "take"
} as const

/** Fields that other controllers decide, of the objects that `target` selects. */
export const IgnoreRule = Schema.Struct({
  /** JSON pointers (RFC 6901): `/spec/replicas`. */
  paths: Schema.Array(Schema.String),
  target: withDefault(
    Schema.Struct({
      group: Schema.optionalKey(Schema.String),
      kind: Schema.optionalKey(Schema.String),
      namespace: Schema.optionalKey(Schema.String),
      name: Schema.optionalKey(Schema.String)
    }),
    {}
  )
})
export type IgnoreRule = typeof IgnoreRule.Type
export const ApplySpec = Schema.Struct({
  serviceAccountName: Schema.optionalKey(Name),
  prune: withDefault(Schema.Boolean, applyDefaults.prune),
  wait: withDefault(Schema.Boolean, applyDefaults.wait),
  timeout: withDefault(GoDuration, applyDefaults.timeout),
  deletionLimit: withDefault(DeletionLimit, applyDefaults.deletionLimit),
  conflicts: withDefault(Schema.Literals(["take", "fail"]), applyDefaults.conflicts),
  /** What to do where a field is immutable. */
  force: Schema.optionalKey(Schema.Literals(["recreate"])),
  /** What becomes of a change that somebody makes in the cluster. */
  drift: withDefault(Schema.Literals(["heal", "report", "ignore"]), applyDefaults.drift),
  ignore: withDefault(Schema.Array(IgnoreRule), []),
  /** Field managers whose additions to our objects are left alone. */
  allowManagers: withDefault(Schema.Array(Schema.String), [])
})

export const PolicySpec = Schema.Struct({
  /** Folders of the repository; default: `policies/` at its root, if it is there. */
  paths: Schema.optionalKey(Schema.Array(Schema.String)),
  data: withDefault(Schema.Record(Schema.String, Schema.Json), {}),
  enforcement: withDefault(Schema.Literals(["enforce", "audit"]), "enforce")
})

export const Source = Schema.Struct({
  git: GitSource,
  interval: withDefault(GoDuration, "1m"),
  /** Secret: `token`, or `signingToken` (`whsec_…`); both while one replaces the other. */
  webhook: Schema.optionalKey(Schema.Struct({ secretRef: LocalRef }))
})
export type Source = typeof Source.Type

const specFields = {
  path: withDefault(Schema.String, ""),
  kustomize: Schema.optionalKey(Schema.Struct({})),
  plain: Schema.optionalKey(Schema.Struct({})),
  helm: Schema.optionalKey(HelmRender),
  /** The cluster that charts are rendered for when none is asked, so that `check` agrees with `run`. */
  render: Schema.optionalKey(Schema.Struct({
    kubernetes: Schema.Struct({ version: Schema.String, apiVersions: withDefault(Schema.Array(Schema.String), []) })
  })),
  policy: withDefault(PolicySpec, {}),
  apply: withDefault(ApplySpec, {}),
  deletion: withDefault(Schema.Literals(["prune", "orphan"]), "prune"),
  dependsOn: withDefault(Schema.Array(Schema.Struct({ name: Name, namespace: Schema.optionalKey(LabelName) })), []),
  notify: withDefault(Schema.Array(Notification), []),
  suspend: withDefault(Schema.Boolean, false),
  /** Why, who, how long: while `suspend` is true. */
  suspension: Schema.optionalKey(Schema.Struct({
    reason: Schema.optionalKey(Schema.String),
    by: Schema.optionalKey(Schema.String),
    /** RFC 3339; from then on the delivery goes on by itself. */
    until: Schema.optionalKey(Schema.String)
  }))
}

export const DeliverySpec = Schema.Struct({ source: Source, ...specFields })

export const Metadata = Schema.Struct({
  name: Name,
  namespace: withDefault(LabelName, "default"),
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

/** A Delivery as people write it: one that another Delivery applied may leave out its source. */
export const WrittenDelivery = Schema.Struct({
  ...Delivery.fields,
  spec: Schema.Struct({ source: Schema.optionalKey(Source), ...specFields })
})
export type WrittenDelivery = typeof WrittenDelivery.Type

/** `<namespace>/<name>`: how deliveries are named in events, messages and logs. */
export const nameOf = (delivery: Pick<Delivery, "metadata">): string =>
  `${delivery.metadata.namespace}/${delivery.metadata.name}`
