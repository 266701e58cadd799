import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { apiVersion } from "../api/v1alpha1/Delivery.ts"
import type { JsonObject } from "../domain/Json.ts"
import type { Manifest } from "../domain/Manifest.ts"
import type { ObjectRef } from "../domain/ObjectRef.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import { badRequest } from "./failure.ts"
import { Identity, nameOf } from "./Identity.ts"
import { KubeClient } from "./KubeClient.ts"
import { applyAs, deleteAs } from "./objectRequest.ts"
import { resourcePath } from "./resourcePath.ts"

/** The field manager of what `sluice install` applies. Never renamed: ownership in clusters hangs on it. */
export const installManager = "sluice-install"

/** One Delivery as it was read: another uid or resourceVersion is another one. */
export interface ReadDelivery {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
}

/**
 * The right to write what an installation is made of, as whoever runs the command. Only `install` may hold it. Of
 * Deliveries it takes finalizers away and asks for their deletion; it never changes what they say.
 */
export class InstallWriter extends Context.Service<InstallWriter, {
  /** Server-side apply as manager `sluice-install` with strict field validation; answers the object, masked. */
  readonly apply: (
    manifest: Manifest,
    options: { readonly force: boolean; readonly dryRun: boolean }
  ) => Effect.Effect<JsonObject, KubeFailure>
  /**
   * Deletes exactly the object with this uid; one that is gone already is well. `Foreground`: it is there until what it
   * made is gone.
   */
  readonly delete: (
    apiVersion: string,
    ref: ObjectRef,
    uid: string,
    propagation?: "Background" | "Foreground"
  ) => Effect.Effect<void, KubeFailure>
  /** Replaces the finalizers of a Delivery; 409: somebody wrote since it was read. */
  readonly release: (
    delivery: ReadDelivery,
    finalizers: ReadonlyArray<string>
  ) => Effect.Effect<void, KubeFailure>
}>()("sluice/kube/InstallWriter") {
  static readonly layer: Layer.Layer<InstallWriter, never, KubeClient> = Layer.effect(
    InstallWriter,
    Effect.map(KubeClient, (client) => make(client))
  )
}

const make = (client: KubeClient["Service"]): InstallWriter["Service"] => {
  const { discovery } = client
  const session = client.as(Identity.Self())
  return {
    apply: (manifest, options) =>
      applyAs(session, discovery, manifest, { ...options, manager: installManager }).pipe(
        Effect.tap(() =>
          manifest.ref.kind === "CustomResourceDefinition" && !options.dryRun ? discovery.expectChange : Effect.void
        ),
        Effect.uninterruptible
      ),
    delete: (apiVersion, ref, uid, propagation = "Background") =>
      deleteAs(session, discovery, apiVersion, ref, { propagationPolicy: propagation, preconditions: { uid } }),
    release: Effect.fnUntraced(function*({ name, namespace, resourceVersion, uid }, finalizers) {
      const object = { group: "sluice.dev", kind: "Delivery", namespace, name }
      const asked = { verb: "patch", resource: "deliveries.sluice.dev", object }
      const kind = { apiVersion, kind: "Delivery", plural: "deliveries", namespaced: true, verbs: [] }
      const path = resourcePath(kind, namespace, name)
      if (path === undefined) return yield* badRequest(asked, nameOf(session.identity), "no name of an object")
      yield* session.request({
        asked,
        method: "PATCH",
        path,
        query: { fieldManager: installManager },
        accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
        contentType: "application/merge-patch+json",
        body: JSON.stringify({ metadata: { uid, resourceVersion, finalizers } }),
        idempotent: true
      }).pipe(
        Effect.asVoid,
        Effect.catchIf(({ status }) => status === 404, () => Effect.void)
      )
    })
  }
}
