import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { apiVersion } from "../api/v1alpha1/Delivery.ts"
import type { JsonObject } from "../domain/Json.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import { agentManager } from "./DeliveryWriter.ts"
import { badRequest } from "./failure.ts"
import { Identity, nameOf } from "./Identity.ts"
import { KubeClient } from "./KubeClient.ts"
import type { ResourceKind } from "./KubeReader.ts"
import { resourcePath } from "./resourcePath.ts"

const bundles: ResourceKind = {
  apiVersion,
  kind: "PolicyBundle",
  plural: "policybundles",
  namespaced: false,
  verbs: []
}

/** The right to write what the agent says of PolicyBundles, as the agent: their status, and nothing else of them. */
export class PolicyBundleWriter extends Context.Service<PolicyBundleWriter, {
  /** Replaces the status. Fails with 404 where there is none of that name, with 422 where it is another by its uid. */
  readonly writeStatus: (
    bundle: { readonly name: string; readonly uid: string },
    status: JsonObject
  ) => Effect.Effect<void, KubeFailure>
}>()("sluice/kube/PolicyBundleWriter") {
  static readonly layer: Layer.Layer<PolicyBundleWriter, never, KubeClient> = Layer.effect(
    PolicyBundleWriter,
    Effect.map(KubeClient, (client) => {
      const session = client.as(Identity.Self())
      return {
        writeStatus: Effect.fnUntraced(function*({ name, uid }, status) {
          const object = { group: "sluice.dev", kind: "PolicyBundle", namespace: "", name }
          const asked = { verb: "patch", resource: "policybundles/status.sluice.dev", object }
          const path = resourcePath(bundles, undefined, name)
          if (path === undefined) return yield* badRequest(asked, nameOf(session.identity), "no name of an object")
          yield* session.request({
            asked,
            method: "PATCH",
            path: `${path}/status`,
            query: { fieldManager: agentManager },
            contentType: "application/json-patch+json",
            accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
            body: JSON.stringify([
              { op: "test", path: "/metadata/uid", value: uid },
              { op: "add", path: "/status", value: status }
            ]),
            idempotent: true
          })
        })
      }
    })
  )
}
