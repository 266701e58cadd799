import * as Effect from "effect/Effect"
import { handOver } from "./handOver.ts"
import type { Identity } from "./Identity.ts"
import type { KubeClient } from "./KubeClient.ts"
import type { KubeWriter } from "./KubeWriter.ts"
import { applyAs, placeOf } from "./objectRequest.ts"

/** The right to change workloads, as one identity. */
export const make = (client: KubeClient["Service"], identity: Identity): KubeWriter["Service"] => {
  const session = client.as(identity)
  const { discovery } = client
  return {
    apply: (manifest, { force }) =>
      handOver(session, discovery, manifest).pipe(
        Effect.flatMap((sent) => applyAs(session, discovery, sent, { force, dryRun: false })),
        Effect.tap(() => makesKinds(manifest.ref) ? discovery.expectChange : Effect.void),
        Effect.uninterruptible
      ),
    delete: Effect.fnUntraced(function*(apiVersion, ref, preconditions) {
      const place = yield* placeOf(session, discovery, "delete", apiVersion, ref)
      if (place === undefined) return
      yield* session.request({
        asked: place.asked,
        method: "DELETE",
        path: place.path,
        contentType: "application/json",
        body: JSON.stringify({
          apiVersion: "v1",
          kind: "DeleteOptions",
          propagationPolicy: "Background",
          preconditions
        }),
        idempotent: true
      }).pipe(
        Effect.asVoid,
        Effect.catchIf(({ status }) => status === 404, () => Effect.void)
      )
    })
  }
}

const makesKinds = ({ group, kind }: { readonly group: string; readonly kind: string }): boolean =>
  group === "apiextensions.k8s.io" && kind === "CustomResourceDefinition" ||
  group === "apiregistration.k8s.io" && kind === "APIService"
