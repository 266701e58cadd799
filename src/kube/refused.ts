import { AccessDenied, type ErrorClass, type KubeFailure } from "../domain/StageError.ts"
import type { ObjectRef } from "../domain/ObjectRef.ts"

/** The fields of a stage's error, as a failed request fills them. */
export interface Refusal {
  readonly detail: string
  readonly class: ErrorClass
  readonly exitCode: number
  readonly object?: ObjectRef
  readonly retryAfter?: number
}

/** No answer, too many requests, a server in trouble, a lost race, a namespace going, a quota in the way: time helps. */
export const isTransient = ({ causes, detail, reason, status }: KubeFailure): boolean =>
  status === 0 || status === 409 || status === 429 || status >= 500 ||
  status === 403 && (
      reason === "NamespaceTerminating" || causes.some((cause) => cause.reason === "NamespaceTerminating") ||
      detail.includes("exceeded quota")
    )

/**
 * What a failed request means to a stage: `AccessDenied` where the cluster says that this identity may not, otherwise
 * the stage's own error. A cluster that answered with a refusal ends with exit code 4, one that did not with 2.
 */
export const refused = <E>(failure: KubeFailure, otherwise: (refusal: Refusal) => E): E | AccessDenied => {
  const transient = isTransient(failure)
  const refusal: Refusal = {
    detail: failure.message,
    class: transient ? "transient" : "stalled",
    exitCode: failure.status === 401 || failure.status === 403 ? 4 : 2,
    ...failure.object === undefined ? {} : { object: failure.object },
    ...failure.retryAfter === undefined ? {} : { retryAfter: failure.retryAfter }
  }
  return (failure.status === 401 || failure.status === 403) && !transient
    ? new AccessDenied(refusal)
    : otherwise(refusal)
}
