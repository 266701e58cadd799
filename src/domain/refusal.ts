import { fieldNames } from "./fieldNames.ts"
import type { Manifest } from "./Manifest.ts"
import { nearest } from "./nearest.ts"
import { AccessDenied, ApplyConflict, type ErrorClass, type KubeFailure } from "./StageError.ts"

/** What the API server means by a refusal, as far as it changes what we do. */
export type Refusal =
  /** This identity may not. */
  | "denied"
  /** A webhook, a policy or a limit of the cluster does not want the object. */
  | "admission"
  | "quota"
  /** The namespace, or the object, is on its way out. */
  | "terminating"
  | "invalid"
  | "immutable"
  /** Another manager owns a field, and we did not force. */
  | "ownership"
  /** A lost race. */
  | "conflict"
  /** A webhook that cannot be asked by a dry-run. */
  | "unprovable"
  | "missing"
  /** No kubeconfig says where the cluster is, or the one there is cannot be used. */
  | "unconfigured"
  | "transient"

const immutable =
  /field is immutable|may not change once set|is immutable after creation|cannot change roleRef|updates to \w+ spec for fields other than/u
const invalid = /failed to create typed (patch|live) object|failed to convert new object|strict decoding error/u
const denied = /cannot \w+ resource|attempting to grant|cannot impersonate/u

/** Reads a refusal. Status codes alone do not tell: a misspelt field comes as 500, quota and admission as 403. */
export const refusalOf = ({ causes, detail, reason, status }: KubeFailure): Refusal => {
  if (reason === "KubeConfig") return "unconfigured"
  if (/does not support dry ?run/iu.test(detail)) return "unprovable"
  const isTerminating = reason === "NamespaceTerminating" ||
    causes.some(({ reason }) => reason === "NamespaceTerminating")
  if (isTerminating || (status === 409 && detail.includes("object is being deleted"))) return "terminating"
  if (detail.includes("exceeded quota")) return "quota"
  // In a new namespace the accounts, and what a quota counts, come a moment later than the namespace.
  if (/error looking up service account|status unknown for quota/u.test(detail)) return "transient"
  if (/admission webhook .* denied|ValidatingAdmissionPolicy .* denied/u.test(detail)) return "admission"
  if (invalid.test(detail)) return "invalid"
  if (status === 401) return "denied"
  if (status === 403) return denied.test(detail) ? "denied" : "admission"
  if (status === 404) return "missing"
  if (status === 409) return causes.some(({ reason }) => reason === "FieldManagerConflict") ? "ownership" : "conflict"
  if (status >= 400 && status < 500 && status !== 429 && status !== 408) {
    return immutable.test(detail) ? "immutable" : "invalid"
  }
  return "transient"
}

const missingNamespace = /namespaces "([a-z0-9-]+)" not found/u

const classes: Partial<Record<Refusal, ErrorClass>> = {
  quota: "transient",
  terminating: "transient",
  conflict: "transient",
  transient: "transient"
}

/** No answer, too many requests, a server in trouble, a lost race, a namespace going, a quota in the way: time helps. */
export const isTransient = (failure: KubeFailure): boolean => classes[refusalOf(failure)] === "transient"

/** YAML reads an unquoted `on` as true, and so does whoever sends it. */
const isUnquotedOn = (detail: string): boolean => /\bnotify\[[^\]]*\]\.true\b/u.test(detail)

const suggestion = (detail: string): string => {
  if (isUnquotedOn(detail)) return ""
  const field = /\.([A-Za-z0-9]+): field not declared in schema|unknown field "(?:[^"]*\.)?([A-Za-z0-9]+)"/u.exec(
    detail
  )
  const near = field === null ? undefined : nearest(field[1] ?? field[2]!, fieldNames)
  return near === undefined ? "" : ` (did you mean ${near}?)`
}

const detailOf = (failure: KubeFailure): string => {
  const detail = failure.detail.replace(/failed to create typed (?:patch|live) object \([^)]*\): /u, "")
  return `${detail}${suggestion(detail)}`
}

/** What would help, where it is not what the error page says. */
const hintOf = (failure: KubeFailure, refusal: Refusal): { readonly hint?: string } =>
  failure.reason === "UnknownKind"
    ? { hint: "Check apiVersion and kind, or add the CustomResourceDefinition to this revision." }
    : isUnquotedOn(failure.detail)
    ? { hint: "Quote it: \"on\". Unquoted, YAML reads the key as true." }
    : refusal === "missing" && missingNamespace.test(failure.detail)
    ? {
      hint: `Create it (kubectl create namespace ${
        missingNamespace.exec(failure.detail)![1]
      }), or add it to this revision.`
    }
    : refusal === "admission"
    ? { hint: "The cluster's own admission does not want the object as it is; the text says which rule." }
    : refusal === "quota"
    ? { hint: "Raise the ResourceQuota or ask for less; it is tried again by itself." }
    : refusal === "unconfigured"
    ? { hint: "Name a kubeconfig with --kubeconfig or KUBECONFIG, and a context of it with --context." }
    : failure.reason === "Fenced"
    ? { hint: "Look at the Leases of the agent's namespace; it goes on by itself, here or at another replica." }
    : failure.status === 0
    ? { hint: "Check the server that the kubeconfig names, and that it can be reached from here." }
    : refusal === "transient"
    ? { hint: "The API server is overrun or in trouble; it is tried again by itself." }
    : {}

/** What a stage's error says about a refusal. */
export interface Refused {
  readonly detail: string
  readonly class: ErrorClass
  readonly exitCode: number
  readonly object?: Manifest["ref"]
  readonly origin?: Manifest["origin"]
  readonly hint?: string
  readonly retryAfter?: number
}

const placeOf = (failure: KubeFailure, manifest: Manifest | undefined) => {
  // Nobody was asked: it is about the cluster, not about one of our own records.
  if (failure.status === 0 && manifest === undefined) return {}
  const object = manifest?.ref ?? failure.object
  return {
    ...object === undefined ? {} : { object },
    ...manifest === undefined ? {} : { origin: manifest.origin }
  }
}

/**
 * The error that a refused read means: `AccessDenied` where the cluster says that this identity may not, otherwise the
 * stage's own. Names the object and the line it comes from; without a manifest, what the request was about.
 */
export const refusedRead = <E>(
  failure: KubeFailure,
  manifest: Manifest | undefined,
  otherwise: (refused: Refused) => E
): E | AccessDenied => {
  const refusal = refusalOf(failure)
  const place = placeOf(failure, manifest)
  if (refusal === "denied") return new AccessDenied({ ...place, detail: failure.message })
  return otherwise({
    ...place,
    detail: failure.status === 0 ? failure.detail : detailOf(failure),
    class: classes[refusal] ?? "stalled",
    exitCode: refusal === "quota" || refusal === "admission" ? 4 : 2,
    ...hintOf(failure, refusal),
    ...failure.retryAfter === undefined ? {} : { retryAfter: failure.retryAfter }
  })
}

/** The same for an apply and its dry-run, which may find a field in other hands: `ApplyConflict`. */
export const refused = <E>(
  failure: KubeFailure,
  manifest: Manifest | undefined,
  otherwise: (refused: Refused) => E
): E | AccessDenied | ApplyConflict =>
  refusalOf(failure) === "ownership"
    ? new ApplyConflict({ ...placeOf(failure, manifest), detail: failure.detail })
    : refusedRead(failure, manifest, otherwise)
