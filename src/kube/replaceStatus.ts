import * as Effect from "effect/Effect"
import { at, type JsonObject } from "../domain/Json.ts"
import { agentManager } from "./DeliveryWriter.ts"
import { badRequest } from "./failure.ts"
import { nameOf } from "./Identity.ts"
import type { KubeSession } from "./KubeClient.ts"
import type { ResourceKind } from "./KubeReader.ts"
import { resourcePath } from "./resourcePath.ts"

/** An object whose status is replaced, if it is still this one. */
export interface Subject {
  /** Undefined for an object of the cluster. */
  readonly namespace?: string
  readonly name: string
  readonly uid: string
  /** Where nobody else may have written since. */
  readonly resourceVersion?: string
}

/**
 * Replaces the whole status of an object; answers the resourceVersion that it has then. Fails with 404 where there is none
 * of that name, with 422 where it is another by its uid or its version.
 */
export const replaceStatus = Effect.fnUntraced(function*(
  session: KubeSession,
  kind: ResourceKind,
  { name, namespace, resourceVersion, uid }: Subject,
  status: JsonObject
) {
  const object = { group: "sluice.dev", kind: kind.kind, namespace: namespace ?? "", name }
  const asked = { verb: "patch", resource: `${kind.plural}/status.sluice.dev`, object }
  const path = resourcePath(kind, namespace, name)
  if (path === undefined) return yield* badRequest(asked, nameOf(session.identity), "no name of an object")
  const written = yield* session.request({
    asked,
    method: "PATCH",
    path: `${path}/status`,
    query: { fieldManager: agentManager },
    contentType: "application/json-patch+json",
    accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
    body: JSON.stringify([
      { op: "test", path: "/metadata/uid", value: uid },
      ...resourceVersion === undefined
        ? []
        : [{ op: "test", path: "/metadata/resourceVersion", value: resourceVersion }],
      { op: "add", path: "/status", value: status }
    ]),
    idempotent: true
  })
  return String(at(written, "metadata", "resourceVersion"))
})
