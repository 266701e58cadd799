import type * as Result from "effect/Result"
import {
  decodeDelivery,
  decodeNotifier,
  decodePolicyBundle,
  type Live,
  type Malformed
} from "../../src/api/v1alpha1/live.ts"
import type { JsonObject } from "../../src/domain/Json.ts"

/** Resources that the API server and the decoder have to judge alike. */
export interface Case {
  readonly what: string
  readonly kind: "Delivery" | "PolicyBundle" | "Notifier"
  readonly spec: JsonObject
  /** What the decoder says, and a part of what the API server says; nothing where the resource is well. */
  readonly refused?: { readonly problem: string; readonly message: string }
}

const of = (kind: Case["kind"]) => (what: string, spec: JsonObject, problem?: string, message = ""): Case => ({
  what,
  kind,
  spec,
  ...problem === undefined ? {} : { refused: { problem, message } }
})
const [delivery, policyBundle, notifier] = [of("Delivery"), of("PolicyBundle"), of("Notifier")]

const git = { url: "https://gitlab.example.com/acme/shop.git", branch: "main" }

/** Every field of a Delivery. */
export const wholeDelivery: JsonObject = {
  source: {
    git: { ...git, secretRef: { name: "gitlab" }, insecure: false },
    interval: "1m",
    webhook: { secretRef: { name: "gitlab-hook" } }
  },
  path: "environments/prod",
  helm: {
    releaseName: "shop",
    valuesFiles: ["values-prod.yaml"],
    values: { replicas: 3, list: [null, { deep: true }] }
  },
  render: { kubernetes: { version: "1.36.3", apiVersions: ["apps/v1/Deployment"] } },
  policy: { paths: ["policies"], data: { maxReplicas: 10 }, enforcement: "enforce" },
  apply: {
    serviceAccountName: "deployer",
    prune: true,
    wait: true,
    timeout: "5m",
    drift: "heal",
    deletionLimit: "50%",
    conflicts: "fail",
    force: "recreate",
    ignore: [{
      paths: ["/spec/replicas"],
      target: { group: "apps", kind: "Deployment", namespace: "shop", name: "checkout" }
    }],
    allowManagers: ["istio"]
  },
  deletion: "orphan",
  dependsOn: [{ name: "database", namespace: "shop" }],
  notify: [{ name: "team-chat", on: ["blocked", "failed", "recovered", "drift"] }],
  suspend: true,
  suspension: { reason: "INC-42", by: "dana", until: "2026-12-01T08:00:00Z" }
}

/** Every field of a PolicyBundle that can stand beside the others. */
export const wholePolicyBundle: JsonObject = {
  source: {
    git: { ...git, secretRef: { name: "platform-git", namespace: "sluice-system" } },
    interval: "10m",
    webhook: { secretRef: { name: "platform-hook", namespace: "sluice-system" } }
  },
  path: "policies",
  match: {
    namespaceSelector: {
      matchLabels: { tenant: "true" },
      matchExpressions: [{ key: "stage", operator: "In", values: ["prod"] }]
    },
    deliverySelector: {}
  },
  enforcement: "mandatory",
  regoVersion: "v0",
  data: { allowedRegistries: ["registry.example.com"] },
  waivers: [{
    policy: "image-digest-required",
    objects: [{ kind: "Deployment", namespace: "shop", name: "legacy" }],
    reason: "INC-42",
    owner: "dana",
    until: "2026-12-31T00:00:00Z"
  }]
}

/** Every field of a Notifier to Slack. */
export const wholeNotifier: JsonObject = { slack: { channel: "C0DEPLOYS", secretRef: { name: "slack" } } }

const source = (change: JsonObject): JsonObject => ({ source: { git: { url: git.url, ...change } } })
const oneRef = "exactly one of branch, tag and commit says which revision is wanted"
const oneSink = "exactly one of slack, teams, webhook says where messages go"

export const cases: ReadonlyArray<Case> = [
  delivery("every field", wholeDelivery),
  delivery("as little as there can be", source({ branch: "main" })),
  delivery("no source: it is inherited", {}),
  delivery("a tag", source({ tag: "v1.4.2" })),
  delivery("a commit", source({ commit: "9f3c".repeat(10) })),
  delivery("a number as deletionLimit", { apply: { deletionLimit: 0 } }),
  delivery("a suspension that was left behind", { suspend: false, suspension: { reason: "INC-42" } }),
  delivery("durations", { source: { git, interval: "1h30m0.5s" }, apply: { timeout: "1500ms" } }),
  delivery("two refs", source({ branch: "main", tag: "v1" }), "spec.source.git: names branch and tag", oneRef),
  delivery("no ref", source({}), "spec.source.git: names no branch, tag or commit", oneRef),
  delivery(
    "two renderers",
    { plain: {}, helm: {} },
    "spec: names two renderers: plain and helm",
    "at most one of kustomize, plain and helm says how the path is rendered"
  ),
  delivery(
    "a notifier twice",
    { notify: [{ name: "chat" }, { name: "chat", on: ["drift"] }] },
    "spec.notify[1]: has the name of an earlier entry",
    "Duplicate value"
  ),
  ...["1 fortnight", "-1s", "1e999h", "5", "PT5M", ""].map((timeout) =>
    delivery(
      `${JSON.stringify(timeout)} as a duration`,
      { apply: { timeout } },
      "spec.apply.timeout: expected a duration such as 30s or 1h30m",
      "should match"
    )
  ),
  ...["0s", "0h0.000m"].map((interval) =>
    delivery(
      `${interval} as an interval`,
      { source: { git, interval } },
      "spec.source.interval: expected a duration longer than nothing",
      "a duration is longer than nothing"
    )
  ),
  delivery(
    "a duration of a thousand digits",
    { apply: { timeout: `${"9".repeat(1_000)}h` } },
    "spec.apply.timeout: expected at most 64 characters",
    "Too long"
  ),
  delivery("a number as a duration", { apply: { timeout: 300 } }, "spec.apply.timeout: expected string", "type string"),
  ...["101%", "-1%", "50 %", "half"].map((deletionLimit) =>
    delivery(
      `${deletionLimit} as deletionLimit`,
      { apply: { deletionLimit } },
      "spec.apply.deletionLimit: expected a number or a percentage such as 50%",
      "should match"
    )
  ),
  ...["spec/replicas", "", "/spec/~2"].map((path) =>
    delivery(
      `${JSON.stringify(path)} as a pointer`,
      { apply: { ignore: [{ paths: [path] }] } },
      "spec.apply.ignore[0].paths[0]: expected a JSON pointer such as /spec/replicas",
      "should match"
    )
  ),
  ...["tomorrow", "2026-12-01", "2026-13-01T00:00:00Z", "2026-12-01T08:00:60Z"].map((until) =>
    delivery(
      `${until} as a time`,
      { suspension: { until } },
      "spec.suspension.until: expected a time such as 2026-12-01T08:00:00Z",
      "spec.suspension.until"
    )
  ),
  delivery(
    "a day that is not in the calendar",
    { suspension: { until: "2026-02-30T00:00:00Z" } },
    "spec.suspension.until: expected a day that the calendar has",
    "date-time"
  ),
  delivery(
    "a name that is none",
    { apply: { serviceAccountName: "Deployer" } },
    "spec.apply.serviceAccountName: expected a name of lower-case letters, digits, - and .",
    "should match"
  ),
  delivery("a source without a repository", { source: {} }, "spec.source.git: is missing", "Required value"),

  policyBundle("every field", wholePolicyBundle),
  policyBundle("policies of the library", { source: { library: ["pod-security/restricted", "change-safety"] } }),
  policyBundle(
    "both sources",
    { source: { git, library: ["change-safety"] } },
    "spec.source: names git and library",
    "exactly one of git and library says where the policies come from"
  ),
  policyBundle("no source", { source: {} }, "spec.source: names no git or library", "exactly one of git and library"),
  policyBundle(
    "no policy of the library",
    { source: { library: [] } },
    "spec.source.library: expected at least one policy",
    "should have at least 1 items"
  ),
  policyBundle("two refs", { source: { git: { ...git, tag: "v1" } } }, "spec.source.git: names branch and tag", oneRef),
  policyBundle(
    "a path and no repository",
    { source: { library: ["change-safety"] }, path: "policies" },
    "spec: names path and no source.git",
    "path is a folder of the Git repository"
  ),
  policyBundle(
    "a webhook and no repository",
    {
      source: {
        library: ["change-safety"],
        webhook: { secretRef: { name: "platform-hook", namespace: "sluice-system" } }
      }
    },
    "spec.source: names webhook and no git",
    "webhook tells of the Git repository"
  ),
  policyBundle(
    "a waiver of no object",
    {
      source: { git },
      waivers: [{ policy: "x", objects: [], reason: "y", owner: "z", until: "2026-12-31T00:00:00Z" }]
    },
    "spec.waivers[0].objects: expected at least one object",
    "should have at least 1 items"
  ),
  policyBundle(
    "a waiver of an object of which nothing is said",
    {
      source: { git },
      waivers: [{ policy: "x", objects: [{}], reason: "y", owner: "z", until: "2026-12-31T00:00:00Z" }]
    },
    "spec.waivers[0].objects[0]: expected a kind, a namespace or a name",
    "should have at least 1 properties"
  ),
  policyBundle(
    "a waiver of an object of which only a misspelt field is said, which the API server drops",
    {
      source: { git },
      waivers: [{ policy: "x", objects: [{ named: "a" }], reason: "y", owner: "z", until: "2026-12-31T00:00:00Z" }]
    },
    "spec.waivers[0].objects[0]: expected a kind, a namespace or a name",
    "should have at least 1 properties"
  ),
  policyBundle(
    "a waiver for ever",
    { source: { git }, waivers: [{ policy: "x", reason: "y", owner: "z" }] },
    "spec.waivers[0].until: is missing",
    "Required value"
  ),

  notifier("Slack", wholeNotifier),
  notifier("Slack by an incoming webhook", { slack: { secretRef: { name: "slack" } } }),
  notifier("Teams", { teams: { secretRef: { name: "teams" } } }),
  notifier("a webhook", { webhook: { secretRef: { name: "hook" } } }),
  notifier("no sink", {}, "spec: names no slack, teams or webhook", oneSink),
  notifier(
    "two sinks",
    { slack: { secretRef: { name: "x" } }, teams: { secretRef: { name: "x" } } },
    "spec: names slack and teams",
    oneSink
  ),
  notifier("a sink without a Secret", { teams: {} }, "spec.teams.secretRef: is missing", "Required value")
]

export const decoders: Readonly<
  Record<
    Case["kind"],
    (object: unknown) => Result.Result<Live<{ readonly spec: unknown }, unknown>, Malformed<unknown>>
  >
> = { Delivery: decodeDelivery, PolicyBundle: decodePolicyBundle, Notifier: decodeNotifier }

/** A resource as people write it. */
export const resource = (kind: Case["kind"], spec: JsonObject, name = "case"): JsonObject => ({
  apiVersion: "sluice.dev/v1alpha1",
  kind,
  metadata: kind === "PolicyBundle" ? { name } : { name, namespace: "default" },
  spec
})
