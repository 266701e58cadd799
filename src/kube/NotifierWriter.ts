import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { apiVersion } from "../api/v1alpha1/Delivery.ts"
import type { JsonObject } from "../domain/Json.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import { Identity } from "./Identity.ts"
import { KubeClient } from "./KubeClient.ts"
import type { ResourceKind } from "./KubeReader.ts"
import { replaceStatus, type Subject } from "./replaceStatus.ts"

const notifiers: ResourceKind = { apiVersion, kind: "Notifier", plural: "notifiers", namespaced: true, verbs: [] }

/** The right to write what the agent says of Notifiers, as the agent: their status, and nothing else of them. */
export class NotifierWriter extends Context.Service<NotifierWriter, {
  /**
   * Replaces the status; answers the resourceVersion that it has then. Fails with 404 where there is none of that name, with
   * 422 where it is another by its uid, or somebody has written since that version.
   */
  readonly writeStatus: (notifier: Required<Subject>, status: JsonObject) => Effect.Effect<string, KubeFailure>
}>()("sluice/kube/NotifierWriter") {
  static readonly layer: Layer.Layer<NotifierWriter, never, KubeClient> = Layer.effect(
    NotifierWriter,
    Effect.map(KubeClient, (client) => {
      const session = client.as(Identity.Self())
      return { writeStatus: (notifier, status) => replaceStatus(session, notifiers, notifier, status) }
    })
  )
}
