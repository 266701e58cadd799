import type * as Stream from "effect/Stream"
import type { Json } from "../domain/Json.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import type { KubeRequest, KubeSession } from "./KubeClient.ts"
import type { CollectionEvent, ResourceKind } from "./KubeReader.ts"
import { listAll, metadataLists } from "./listing.ts"
import { resourcePath } from "./resourcePath.ts"
import { metadataOnly, watch } from "./watch.ts"

/** Which objects are watched. */
export interface Collection {
  readonly kind: Pick<ResourceKind, "apiVersion" | "plural" | "namespaced">
  /** Of all namespaces, unless given. */
  readonly namespace?: string
  /** `metadata.name=shop`. */
  readonly fieldSelector?: string
  /** `app.kubernetes.io/name=sluice`. */
  readonly labelSelector?: string
  /** Metadata alone is enough. */
  readonly metadata?: boolean
}

/**
 * Everything that a collection holds, then each change, until the stream is interrupted; resumed as `KubeReader`'s
 * watches are. Only a refusal (403, 404) ends it.
 */
export const watchCollection = (
  session: KubeSession,
  { fieldSelector, kind, labelSelector, metadata = false, namespace }: Collection
): Stream.Stream<CollectionEvent<Json>, KubeFailure> => {
  const accept = metadata ? metadataLists : "application/json"
  const list: KubeRequest = {
    asked: { verb: "list", resource: kind.plural },
    method: "GET",
    path: resourcePath({ ...kind, kind: "", verbs: [] }, namespace) ?? "/",
    query: {
      ...fieldSelector === undefined ? {} : { fieldSelector },
      ...labelSelector === undefined ? {} : { labelSelector }
    },
    accept,
    idempotent: true
  }
  return watch(
    session,
    list,
    listAll(session, list, (item) => item),
    (item) => item,
    metadata ? metadataOnly : "application/json"
  )
}
