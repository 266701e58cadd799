import * as Effect from "effect/Effect"
import { at, type JsonObject } from "../domain/Json.ts"
import type { Manifest } from "../domain/Manifest.ts"
import { fieldManager } from "../domain/ownership.ts"
import { handOver } from "./handOver.ts"
import type { Identity } from "./Identity.ts"
import type { KubeClient } from "./KubeClient.ts"
import type { KubeWriter } from "./KubeWriter.ts"
import { applyAs, deleteAs, placeOf, unknownKind } from "./objectRequest.ts"

const metadataOnly = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

/** The right to change workloads, as one identity. */
export const make = (client: KubeClient["Service"], identity: Identity): KubeWriter["Service"] => {
  const session = client.as(identity)
  const { discovery } = client
  return {
    apply: (manifest, { expects, force }) =>
      handOver(session, discovery, manifest, expects).pipe(
        Effect.flatMap((sent) =>
          applyAs(session, discovery, expecting(sent.manifest, sent.expects), { force, dryRun: false })
        ),
        Effect.tap(() => makesKinds(manifest.ref) ? discovery.expectChange : Effect.void),
        Effect.uninterruptible
      ),
    setOwners: Effect.fnUntraced(function*(apiVersion, ref, resourceVersion, owners) {
      const place = yield* placeOf(session, discovery, "patch", apiVersion, ref)
      if (place === undefined) return yield* unknownKind(session, "patch", apiVersion, ref)
      const managedFields = owners.map((owner) => ({ ...owner, fieldsType: "FieldsV1" }))
      return yield* session.request({
        asked: place.asked,
        method: "PATCH",
        path: place.path,
        query: { fieldManager },
        accept: metadataOnly,
        contentType: "application/json-patch+json",
        // Of a resourceVersion that is not the live one the server makes a conflict; `test` would be "invalid" to it.
        body: JSON.stringify([
          { op: "replace", path: "/metadata/resourceVersion", value: resourceVersion },
          { op: "replace", path: "/metadata/managedFields", value: managedFields }
        ]),
        idempotent: true
      })
    }),
    delete: (apiVersion, ref, preconditions) =>
      deleteAs(session, discovery, apiVersion, ref, { propagationPolicy: "Background", preconditions }),
    mayChange: client.mayChange
  }
}

const expecting = (manifest: Manifest, resourceVersion: string | undefined): Manifest => {
  if (resourceVersion === undefined) return manifest
  const metadata = { ...at(manifest.object, "metadata") as JsonObject, resourceVersion }
  return { ...manifest, json: JSON.stringify({ ...manifest.object, metadata }) }
}

const makesKinds = ({ group, kind }: { readonly group: string; readonly kind: string }): boolean =>
  group === "apiextensions.k8s.io" && kind === "CustomResourceDefinition" ||
  group === "apiregistration.k8s.io" && kind === "APIService"
