import * as Schema from "effect/Schema"
import { Violation } from "../../domain/Decision.ts"

/** A condition after Kubernetes' own rules: `lastTransitionTime` moves only when `status` does. */
export const Condition = Schema.Struct({
  type: Schema.Literals(["Ready", "Reconciling", "Stalled", "PolicyPassed", "Healthy"]),
  status: Schema.Literals(["True", "False", "Unknown"]),
  reason: Schema.String,
  message: Schema.String,
  lastTransitionTime: Schema.String,
  observedGeneration: Schema.optionalKey(Schema.Int)
})
export type Condition = typeof Condition.Type

const Counts = Schema.Struct({
  created: Schema.Int,
  configured: Schema.Int,
  replaced: Schema.Int,
  pruned: Schema.Int,
  unchanged: Schema.Int
})

/** One run that ended. */
export const PastRun = Schema.Struct({
  id: Schema.String,
  revision: Schema.optionalKey(Schema.String),
  outcome: Schema.Literals(["Applied", "Unchanged", "Denied", "Failed", "Interrupted"]),
  /** Why it started: `Request.why`. */
  why: Schema.String,
  reason: Schema.optionalKey(Schema.String),
  message: Schema.optionalKey(Schema.String),
  author: Schema.optionalKey(Schema.String),
  subject: Schema.optionalKey(Schema.String),
  startedAt: Schema.String,
  durationMs: Schema.Int,
  changes: Schema.optionalKey(Counts)
})
export type PastRun = typeof PastRun.Type

/** The last drift: what changed, by whom, as far as managedFields tell. */
export const LastDrift = Schema.Struct({
  /** `Deployment/shop/checkout`. */
  object: Schema.String,
  manager: Schema.String,
  fields: Schema.Array(Schema.String),
  time: Schema.String,
  /** `healed`, or why it was not. */
  action: Schema.Literals(["healed", "reported", "backing off"])
})
export type LastDrift = typeof LastDrift.Type

export const DeliveryStatus = Schema.Struct({
  observedGeneration: Schema.optionalKey(Schema.Int),
  conditions: Schema.optionalKey(Schema.Array(Condition)),
  source: Schema.optionalKey(Schema.Struct({
    revision: Schema.String,
    url: Schema.String,
    author: Schema.optionalKey(Schema.String),
    subject: Schema.optionalKey(Schema.String),
    /** RFC 3339. */
    time: Schema.optionalKey(Schema.String)
  })),
  lastAttemptedRevision: Schema.optionalKey(Schema.String),
  lastAppliedRevision: Schema.optionalKey(Schema.String),
  lastHandledReconcileAt: Schema.optionalKey(Schema.String),
  /** Of the run in progress. */
  stage: Schema.optionalKey(Schema.String),
  policy: Schema.optionalKey(Schema.Struct({
    passed: Schema.Int,
    warned: Schema.Int,
    denied: Schema.Int,
    waived: Schema.Int,
    /** The first 20. */
    violations: Schema.optionalKey(Schema.Array(Violation)),
    bundles: Schema.optionalKey(Schema.Array(Schema.Struct({ name: Schema.String, digest: Schema.String })))
  })),
  changes: Schema.optionalKey(Counts),
  drift: Schema.optionalKey(Schema.Struct({
    count: Schema.Int,
    last: Schema.optionalKey(LastDrift),
    /** Kinds that this identity may not watch: checked at the interval. */
    polled: Schema.optionalKey(Schema.Array(Schema.String))
  })),
  /** A mirror, up to 1,000 entries, for other tools. */
  inventory: Schema.optionalKey(Schema.Struct({
    entries: Schema.Array(Schema.Struct({ id: Schema.String, v: Schema.String }))
  })),
  /** The last 10 runs, newest first. */
  history: Schema.optionalKey(Schema.Array(PastRun))
})
export type DeliveryStatus = typeof DeliveryStatus.Type
