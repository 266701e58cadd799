import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { apiVersion } from "../api/v1alpha1/Delivery.ts"
import type { Json, JsonObject } from "../domain/Json.ts"
import type { ObjectRef } from "../domain/ObjectRef.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import * as AdaptiveLimit from "./AdaptiveLimit.ts"
import { type Asked, badRequest } from "./failure.ts"
import { Identity, nameOf } from "./Identity.ts"
import { KubeClient, type KubeRequest, type KubeSession } from "./KubeClient.ts"
import type { ResourceKind } from "./KubeReader.ts"
import { resourcePath } from "./resourcePath.ts"

/**
 * Statuses on their way at once: when a commit moves a thousand Deliveries on, the objects that it changes come through.
 * A write of a status costs the server three of a ConfigMap.
 */
const statuses = 8

/** The field manager of what the agent itself writes on Deliveries. */
export const agentManager = "sluice-agent"

/** One Delivery: this object, not whatever has its name later. */
export interface DeliveryId {
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

/** A step of a JSON Patch (RFC 6902) within the status. */
export type StatusChange =
  | { readonly op: "add"; readonly path: `/status${string}`; readonly value: Json }
  | { readonly op: "remove"; readonly path: `/status/${string}` }

/** What the agent keeps in a Delivery's metadata. A list of finalizers replaces the one of this resourceVersion. */
export interface MetadataChange {
  readonly annotations?: Readonly<Record<string, string | null>>
  readonly finalizers?: { readonly values: ReadonlyArray<string>; readonly resourceVersion: string }
}

/**
 * The right to write what the agent says of Deliveries, as the agent: their status, their finalizer and annotations,
 * and Events about them. It changes neither a spec nor any other object.
 */
export class DeliveryWriter extends Context.Service<DeliveryWriter, {
  /** Fails with 422 and no causes where the object has another uid, or where a step does not fit what is there. */
  readonly patchStatus: (
    delivery: DeliveryId,
    changes: ReadonlyArray<StatusChange>
  ) => Effect.Effect<void, KubeFailure>
  /** Whether statuses wait for their turn: what would soon be overtaken is better not said now. */
  readonly isBusy: () => boolean
  /** Answers the new metadata. 409: somebody wrote since that resourceVersion. 422: the object has another uid. */
  readonly patchMetadata: (delivery: DeliveryId, change: MetadataChange) => Effect.Effect<JsonObject, KubeFailure>
  /** The Event (`events.k8s.io/v1`) under its own, unique name: made twice, it is there once. */
  readonly createEvent: (event: NewEvent) => Effect.Effect<void, KubeFailure>
}>()("sluice/kube/DeliveryWriter") {
  static readonly layer: Layer.Layer<DeliveryWriter, never, KubeClient> = Layer.effect(
    DeliveryWriter,
    Effect.gen(function*() {
      const client = yield* KubeClient
      return make(client.as(Identity.Self()), yield* AdaptiveLimit.make(statuses))
    })
  )
}

export interface NewEvent extends JsonObject {
  readonly metadata: { readonly namespace: string; readonly name: string }
}

const deliveries: ResourceKind = { apiVersion, kind: "Delivery", plural: "deliveries", namespaced: true, verbs: [] }
const events: ResourceKind = {
  apiVersion: "events.k8s.io/v1",
  kind: "Event",
  plural: "events",
  namespaced: true,
  verbs: []
}

const make = (session: KubeSession, line: AdaptiveLimit.AdaptiveLimit): DeliveryWriter["Service"] => {
  /** Of the answer nobody needs more than the metadata: a status may have 100 kB. */
  const send = Effect.fnUntraced(function*(
    asked: Asked,
    path: string | undefined,
    request: Pick<KubeRequest, "method" | "contentType" | "query">,
    body: unknown
  ) {
    if (path === undefined) return yield* badRequest(asked, nameOf(session.identity), "no name of an object")
    return yield* session.request({
      ...request,
      asked,
      path,
      accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
      body: JSON.stringify(body),
      idempotent: true
    })
  })
  const refOf = ({ name, namespace }: DeliveryId): ObjectRef => ({
    group: "sluice.dev",
    kind: "Delivery",
    namespace,
    name
  })
  const pathOf = ({ name, namespace }: DeliveryId) => resourcePath(deliveries, namespace, name)

  return {
    // A merge patch with another uid is *not* refused on /status: the server takes all metadata from the live object.
    patchStatus: Effect.fnUntraced(function*(delivery, changes) {
      const path = pathOf(delivery)
      yield* send(
        { verb: "patch", resource: "deliveries/status.sluice.dev", object: refOf(delivery) },
        path && `${path}/status`,
        { method: "PATCH", contentType: "application/json-patch+json", query: { fieldManager: agentManager } },
        [{ op: "test", path: "/metadata/uid", value: delivery.uid }, ...changes]
      ).pipe(line.withPermit)
    }),
    isBusy: line.isFull,
    patchMetadata: (delivery, { annotations, finalizers }) =>
      Effect.map(
        send(
          { verb: "patch", resource: "deliveries.sluice.dev", object: refOf(delivery) },
          pathOf(delivery),
          { method: "PATCH", contentType: "application/merge-patch+json", query: { fieldManager: agentManager } },
          {
            metadata: {
              uid: delivery.uid,
              annotations,
              finalizers: finalizers?.values,
              resourceVersion: finalizers?.resourceVersion
            }
          }
        ),
        ({ metadata }) => metadata as JsonObject
      ),
    createEvent: Effect.fnUntraced(
      function*(event) {
        const { name, namespace } = event.metadata
        const object = { group: "events.k8s.io", kind: "Event", namespace, name }
        yield* send(
          { verb: "create", resource: "events.events.k8s.io", object },
          resourcePath(events, namespace),
          { method: "POST", contentType: "application/json", query: { fieldManager: agentManager } },
          { apiVersion: events.apiVersion, kind: events.kind, ...event }
        )
      },
      // The answer to our first try was lost.
      Effect.catchIf(({ reason }) => reason === "AlreadyExists", () => Effect.void)
    )
  }
}
