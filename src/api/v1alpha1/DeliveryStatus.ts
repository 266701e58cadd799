import * as Schema from "effect/Schema"
import { Violation } from "../../domain/Decision.ts"
import { optional, required } from "./fields.ts"

const { Int, Literals, String } = Schema

/** A condition after Kubernetes' own rules: `lastTransitionTime` moves only when `status` does. */
export const Condition = Schema.Struct({
  type: required(Literals(["Ready", "Reconciling", "Stalled", "PolicyPassed", "Healthy"]), "What it is about."),
  status: required(Literals(["True", "False", "Unknown"]), "Whether it holds."),
  reason: required(String, "Why, in one word for programs."),
  message: required(String, "Why, in a sentence for people."),
  lastTransitionTime: required(String, "RFC 3339: since when its status is what it is."),
  observedGeneration: optional(Int, "The generation of the resource that it is about.")
})
export type Condition = typeof Condition.Type

/** Conditions, each type once: the API server merges them one by one. */
export const Conditions = Schema.Array(Condition).annotate({
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": ["type"]
})

const Counts = Schema.Struct({
  created: required(Int, "Objects that were not there."),
  configured: required(Int, "Objects that changed."),
  replaced: required(Int, "Objects that were deleted and created anew."),
  pruned: required(Int, "Objects that are no longer in the source."),
  unchanged: required(Int, "Objects that were as they should be.")
})

/** One run that ended. */
export const PastRun = Schema.Struct({
  id: required(String, "Its id: a ULID."),
  revision: optional(String, "What it was to apply."),
  outcome: required(Literals(["Applied", "Unchanged", "Denied", "Failed", "Interrupted"]), "How it ended."),
  /** `Request.why`. */
  why: required(String, "Why it started."),
  reason: optional(String, "Why it ended so, in one word."),
  message: optional(String, "Why it ended so, in a sentence."),
  author: optional(String, "Who wrote the commit."),
  subject: optional(String, "The first line of the commit's message."),
  startedAt: required(String, "RFC 3339."),
  durationMs: required(Int, "How long it took."),
  changes: optional(Counts, "What it changed.")
})
export type PastRun = typeof PastRun.Type

/** The last drift: what changed, by whom, as far as managedFields tell. */
export const LastDrift = Schema.Struct({
  object: required(String, "Deployment/shop/checkout."),
  manager: required(String, "The field manager that did it, or unknown."),
  fields: required(Schema.Array(String), "The fields that changed, as far as they can be known."),
  time: required(String, "RFC 3339."),
  action: required(Literals(["healed", "reported", "backing off", "denied"]), "healed, or why it was not."),
  why: optional(String, "What the policy says that denies it, or refuses what was added.")
})
export type LastDrift = typeof LastDrift.Type

export const DeliveryStatus = Schema.Struct({
  observedGeneration: optional(Int, "The generation that this status is about."),
  conditions: optional(
    Conditions,
    "Ready, Reconciling and Stalled after kstatus, PolicyPassed and Healthy beside them."
  ),
  source: optional(
    Schema.Struct({
      revision: required(String, "main@sha1:9f3c…"),
      url: required(String, "Its address, without credentials."),
      author: optional(String, "Who wrote the commit."),
      subject: optional(String, "The first line of the commit's message."),
      time: optional(String, "RFC 3339: when it was committed.")
    }),
    "The newest revision of the source."
  ),
  lastAttemptedRevision: optional(String, "The revision of the last run that started."),
  lastAppliedRevision: optional(String, "The revision that the cluster was last brought to."),
  lastHandledReconcileAt: optional(String, "The last value of the annotation that asks for a run whose run ended."),
  stage: optional(String, "The stage of the run in progress."),
  policy: optional(
    Schema.Struct({
      passed: required(Int, "Results of rules that passed."),
      warned: required(Int, "Results that warn."),
      denied: required(Int, "Results that deny."),
      waived: required(Int, "Denials that a waiver lifted."),
      violations: optional(Schema.Array(Violation), "The first 20 of them."),
      waivers: optional(
        Schema.Array(Schema.Struct({
          policy: required(String, "The policy."),
          object: required(String, "Deployment/shop/checkout."),
          owner: required(String, "Who answers for it."),
          reason: required(String, "Why."),
          until: optional(String, "RFC 3339; from then on it denies.")
        })),
        "The first 20 denials that a waiver lifted."
      ),
      bundles: optional(
        Schema.Array(Schema.Struct({
          name: required(String, "Its name."),
          digest: required(String, "Of everything in it that can change a verdict.")
        })),
        "The policies that judged."
      )
    }),
    "The verdict of the policies."
  ),
  changes: optional(Counts, "What the last run changed."),
  losses: optional(
    Schema.Array(String),
    "What the revision that was applied last took away without anybody having written it down: the first 20."
  ),
  drift: optional(
    Schema.Struct({
      count: required(Int, "How often something drifted."),
      last: optional(LastDrift, "The last time."),
      polled: optional(
        Schema.Array(String),
        "Kinds that this identity may not watch: they are checked at the interval."
      )
    }),
    "What others changed in the cluster."
  ),
  inventory: optional(
    Schema.Struct({
      entries: required(
        Schema.Array(Schema.Struct({
          id: required(String, "<namespace>_<name>_<group>_<kind>"),
          v: required(String, "Its version.")
        })),
        "One for each object."
      )
    }),
    "A mirror of what is applied, up to 1,000 entries, for other tools."
  ),
  history: optional(Schema.Array(PastRun), "The last 10 runs, newest first.")
})
export type DeliveryStatus = typeof DeliveryStatus.Type

/** The status of what is only read: whether it can be used. */
export const PlainStatus = Schema.Struct({
  observedGeneration: optional(Int, "The generation that this status is about."),
  conditions: optional(Conditions, "Ready: whether it can be used.")
})
export type PlainStatus = typeof PlainStatus.Type

/** The status of a PolicyBundle: whether it judges, by what, and whom. */
export const PolicyBundleStatus = Schema.Struct({
  observedGeneration: optional(Int, "The generation that this status is about."),
  conditions: optional(Conditions, "Ready: whether it judges; Reconciling and Stalled after kstatus."),
  revision: optional(String, "The revision of its repository that judges."),
  digest: optional(String, "Of everything in it that can change a verdict: files, data, enforcement, waivers."),
  policies: optional(Int, "How many policies it has."),
  deliveries: optional(Int, "How many Deliveries it judges."),
  warnings: optional(
    Schema.Array(String),
    "What is most likely a mistake: a waiver of a policy that it does not have, or that has expired."
  )
})
export type PolicyBundleStatus = typeof PolicyBundleStatus.Type
