import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { apiVersion } from "../api/v1alpha1/Delivery.ts"
import type { JsonObject } from "../domain/Json.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import { Identity } from "./Identity.ts"
import { KubeClient } from "./KubeClient.ts"
import type { ResourceKind } from "./KubeReader.ts"
import { replaceStatus } from "./replaceStatus.ts"

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
        writeStatus: ({ name, uid }, status) => Effect.asVoid(replaceStatus(session, bundles, { name, uid }, status))
      }
    })
  )
}
