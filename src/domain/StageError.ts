import * as Schema from "effect/Schema"
import { displayOrigin, Origin } from "./Manifest.ts"
import { display, ObjectRef } from "./ObjectRef.ts"

/** The stages, in the order of the arrow. Folders, spans, events and metric labels use these words and no other. */
export const stages = ["fetch", "render", "policy", "diff", "apply", "notify"] as const
export type Stage = (typeof stages)[number]

/**
 * What happens after an error. `transient`: tried again with backoff. `stalled`: waits for a new identity and the slow
 * interval. `blocked`: waits for a person.
 */
export type ErrorClass = "transient" | "stalled" | "blocked"

const fields = {
  /** What went wrong, in one line, without secrets. */
  detail: Schema.String,
  /** What would help, where we can say more than the page below. */
  hint: Schema.optionalKey(Schema.String),
  origin: Schema.optionalKey(Origin),
  object: Schema.optionalKey(ObjectRef),
  /** Overrides the page's class where the cause is known better. */
  class: Schema.optionalKey(Schema.Literals(["transient", "stalled", "blocked"])),
  /** Overrides the page's exit code: 4 where the cluster refused. */
  exitCode: Schema.optionalKey(Schema.Int),
  /** Milliseconds that the other side asked us to wait. */
  retryAfter: Schema.optionalKey(Schema.Finite)
}

interface Told {
  readonly detail: string
  readonly origin?: Origin
  readonly object?: ObjectRef
}

/** `policies/images.rego:8: Deployment/shop/checkout: …`. */
const tell = (error: Told): string =>
  [
    ...error.origin === undefined ? [] : [displayOrigin(error.origin)],
    ...error.object === undefined ? [] : [display(error.object)],
    error.detail
  ].join(": ")

/** The source could not be read: unreachable, no such branch, not a repository, over a limit. */
export class FetchFailed extends Schema.TaggedError<FetchFailed>()("FetchFailed", {
  ...fields,
  /** The host answered, and the ref is not there yet, or not there any more. */
  isRefMissing: Schema.optionalKey(Schema.Boolean)
}) {
  override get message() {
    return tell(this)
  }
}
/** The source refused our credentials, or wants some. */
export class AuthFailed extends Schema.TaggedError<AuthFailed>()("AuthFailed", fields) {
  override get message() {
    return tell(this)
  }
}
/** The tree does not build. Only a new revision helps. */
export class RenderFailed extends Schema.TaggedError<RenderFailed>()("RenderFailed", fields) {
  override get message() {
    return tell(this)
  }
}
/** The gate could not decide; it never lets a revision through then. */
export class PolicyUnavailable extends Schema.TaggedError<PolicyUnavailable>()("PolicyUnavailable", fields) {
  override get message() {
    return tell(this)
  }
}
/** The cluster could not say what would change, or refused it in the dry-run. */
export class DiffFailed extends Schema.TaggedError<DiffFailed>()("DiffFailed", fields) {
  override get message() {
    return tell(this)
  }
}
/** A write failed. What was written before it is recorded. */
export class ApplyFailed extends Schema.TaggedError<ApplyFailed>()("ApplyFailed", fields) {
  override get message() {
    return tell(this)
  }
}
/** Somebody else owns the object or the field. */
export class ApplyConflict extends Schema.TaggedError<ApplyConflict>()("ApplyConflict", {
  ...fields,
  /** The label's value of the delivery that has the object, and by which version it was found. */
  holder: Schema.optionalKey(Schema.Struct({ apiVersion: Schema.String, label: Schema.String }))
}) {
  override get message() {
    return tell(this)
  }
}
/** Deletions that a person has to confirm. */
export class PruneBlocked extends Schema.TaggedError<PruneBlocked>()("PruneBlocked", fields) {
  override get message() {
    return tell(this)
  }
}
/** An object reached a terminal state that is not health. */
export class HealthCheckFailed extends Schema.TaggedError<HealthCheckFailed>()("HealthCheckFailed", fields) {
  override get message() {
    return tell(this)
  }
}
/** Objects were not healthy in time. */
export class HealthTimeout extends Schema.TaggedError<HealthTimeout>()("HealthTimeout", fields) {
  override get message() {
    return tell(this)
  }
}
/** Another delivery has to be ready first. */
export class DependencyNotReady extends Schema.TaggedError<DependencyNotReady>()("DependencyNotReady", fields) {
  override get message() {
    return tell(this)
  }
}
/** The delivery itself does not make sense. */
export class InvalidSpec extends Schema.TaggedError<InvalidSpec>()("InvalidSpec", fields) {
  override get message() {
    return tell(this)
  }
}
/** The cluster said that this identity may not. */
export class AccessDenied extends Schema.TaggedError<AccessDenied>()("AccessDenied", fields) {
  override get message() {
    return tell(this)
  }
}

export type FetchError = FetchFailed | AuthFailed | InvalidSpec | AccessDenied
export type RenderError = RenderFailed | FetchFailed
export type PolicyError = PolicyUnavailable
export type DiffError = DiffFailed | ApplyConflict | AccessDenied | PruneBlocked
export type ApplyError = ApplyFailed | ApplyConflict | AccessDenied | PruneBlocked | DiffFailed
export type HealthError = HealthCheckFailed | HealthTimeout | ApplyError
export type StageError =
  | FetchError
  | RenderError
  | PolicyError
  | DiffError
  | ApplyError
  | HealthError
  | DependencyNotReady

/**
 * Ready's reasons. The first four are not errors; `InProgress` stands while a run goes on. `NotifyFailed` stands at a
 * Notifier alone: it fails no run. The rest are the tags above.
 */
export type Reason = "Succeeded" | "PolicyDenied" | "Suspended" | "InProgress" | "NotifyFailed" | StageError["_tag"]

/** The error page: for each error its stage, what happens next, the exit code, and what would help. */
export const errorPage: {
  readonly [Tag in StageError["_tag"]]: {
    readonly stage: Stage
    readonly class: ErrorClass
    readonly exitCode: 1 | 2 | 3 | 4
    readonly help: string
  }
} = {
  FetchFailed: {
    stage: "fetch",
    class: "transient",
    exitCode: 2,
    help: "Check source.git.url, the branch or tag, and that the Git host can be reached from here."
  },
  AuthFailed: {
    stage: "fetch",
    class: "stalled",
    exitCode: 2,
    help: "Check the Secret named by source.git.secretRef: username and password, or bearerToken."
  },
  RenderFailed: {
    stage: "render",
    class: "stalled",
    exitCode: 2,
    help: "Mend the file that is named; `sluice check` on the folder renders the same way, without a cluster."
  },
  PolicyUnavailable: {
    stage: "policy",
    class: "stalled",
    exitCode: 2,
    help: "Mend the policy; `sluice check` says the same without a cluster, `opa check --strict` with more words."
  },
  DiffFailed: {
    stage: "diff",
    class: "stalled",
    exitCode: 2,
    help: "Mend the field that the API server names; `kubectl explain` lists the right ones."
  },
  ApplyFailed: {
    stage: "apply",
    class: "transient",
    exitCode: 2,
    help: "The next run starts from what is really there and writes only what is missing."
  },
  ApplyConflict: {
    stage: "apply",
    class: "stalled",
    exitCode: 1,
    help: "Let one delivery own the object: remove it from the other, or hand it over with sluice.dev/adopt."
  },
  PruneBlocked: {
    stage: "apply",
    class: "blocked",
    exitCode: 1,
    help: "Confirm the deletions with --confirm and the digest of the changeset, or put the objects back."
  },
  HealthCheckFailed: {
    stage: "apply",
    class: "transient",
    exitCode: 1,
    help: "Look at the object's events and logs; a new commit is taken at once."
  },
  HealthTimeout: {
    stage: "apply",
    class: "transient",
    exitCode: 3,
    help: "Raise spec.apply.timeout if the rollout is only slow; a new commit is taken at once."
  },
  DependencyNotReady: {
    stage: "apply",
    class: "stalled",
    exitCode: 3,
    help: "Look at the delivery that is named: this one goes on the moment it is ready."
  },
  InvalidSpec: {
    stage: "fetch",
    class: "stalled",
    exitCode: 2,
    help: "Mend the Delivery."
  },
  AccessDenied: {
    stage: "apply",
    class: "stalled",
    exitCode: 4,
    help: "Grant the verb to this identity with a Role and a RoleBinding, or name another apply.serviceAccountName."
  }
}

export const classOf = (error: StageError): ErrorClass => error.class ?? errorPage[error._tag].class
export const exitCodeOf = (error: StageError): number => error.exitCode ?? errorPage[error._tag].exitCode
export const hintOf = (error: StageError): string => error.hint ?? errorPage[error._tag].help

/** The same error in other words: what happens next, and what would help, stay as they are. */
export const retold = <E extends StageError>(error: E, words: Partial<Told>): E => {
  const Same = error.constructor as new(fields: object) => E
  return new Same({ ...error, ...words })
}

// Below: errors of adapters. A stage turns each into one of its own before it leaves the stage.

/** A path that leads out of the tree, into `.git`, or through a link that leaves it. */
export class UnsafePath extends Schema.TaggedError<UnsafePath>()("UnsafePath", {
  path: Schema.String,
  why: Schema.String
}) {
  override get message() {
    return `${JSON.stringify(this.path)} ${this.why}`
  }
}

/** A program that we call could be neither found nor made. */
export class ProgramUnavailable extends Schema.TaggedError<ProgramUnavailable>()("ProgramUnavailable", {
  program: Schema.String,
  version: Schema.String,
  tried: Schema.Array(Schema.Struct({ how: Schema.String, why: Schema.String }))
}) {
  override get message() {
    const tried = this.tried.map(({ how, why }) => `${how}: ${why}`).join("; ")
    return `${this.program} ${this.version} is not to be had (${tried}); install it and put it on PATH`
  }
}

/** A request that the API server refused or that never got an answer (status 0). */
export class KubeFailure extends Schema.TaggedError<KubeFailure>()("KubeFailure", {
  status: Schema.Int,
  /** `Forbidden`, `Conflict`, `Invalid`, `NamespaceTerminating`…; the transport's code when there was no answer. */
  reason: Schema.String,
  detail: Schema.String,
  verb: Schema.String,
  /** `deployments.apps` */
  resource: Schema.String,
  object: Schema.optionalKey(ObjectRef),
  /** Whom the API server saw: `system:serviceaccount:shop:deployer`, or the kubeconfig's user. */
  identity: Schema.String,
  causes: Schema.Array(Schema.Struct({ reason: Schema.String, field: Schema.String, message: Schema.String })),
  retryAfter: Schema.optionalKey(Schema.Finite)
}) {
  override get message() {
    return `${this.verb} ${this.resource} as ${this.identity}: ${this.detail}`
  }
}
