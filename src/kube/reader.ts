import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { at, isJsonObject, type Json } from "../domain/Json.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import { watchCollection } from "./collection.ts"
import { resourceOf } from "./discovery.ts"
import { badRequest } from "./failure.ts"
import { type Identity, nameOf } from "./Identity.ts"
import type { KubeClient, KubeRequest } from "./KubeClient.ts"
import type { KubeReader, LiveMetadata } from "./KubeReader.ts"
import { listAll, metadataLists } from "./listing.ts"
import { liveMetadata } from "./liveMetadata.ts"
import { applyAs, placeOf } from "./objectRequest.ts"
import { resourcePath } from "./resourcePath.ts"
import { watch } from "./watch.ts"

/** The right to read, as one identity. */
export const make = (client: KubeClient["Service"], identity: Identity): KubeReader["Service"] => {
  const session = client.as(identity)
  const { discovery } = client

  /** The LIST of a kind's metadata, or undefined where the cluster does not serve the kind. */
  const listRequest = Effect.fnUntraced(function*(
    verb: "list" | "watch",
    apiVersion: string,
    kind: string,
    namespace: string | undefined,
    labelSelector: string
  ) {
    const known = yield* discovery.kindOf(apiVersion, kind)
    if (known === undefined) return undefined
    const asked = { verb, resource: resourceOf(known) }
    const path = resourcePath(known, namespace)
    if (path === undefined) {
      return yield* badRequest(asked, nameOf(identity), `${JSON.stringify(namespace)} is no namespace`)
    }
    const request: KubeRequest = {
      asked,
      method: "GET",
      path,
      query: labelSelector === "" ? {} : { labelSelector },
      accept: metadataLists,
      idempotent: true
    }
    return request
  })

  return {
    identity: nameOf(identity),
    get: Effect.fnUntraced(function*(apiVersion, ref) {
      const place = yield* placeOf(session, discovery, "get", apiVersion, ref)
      if (place === undefined) return undefined
      return yield* session.request({ asked: place.asked, method: "GET", path: place.path, idempotent: true }).pipe(
        Effect.catchIf(isNotFound, () => Effect.succeed(undefined))
      )
    }),
    dryRun: (manifest, { force }) => applyAs(session, discovery, manifest, { force, dryRun: true }),
    list: Effect.fnUntraced(function*(apiVersion, kind, namespace) {
      const request = yield* listRequest("list", apiVersion, kind, namespace, "")
      if (request === undefined) return []
      const { items } = yield* listAll(session, { ...request, accept: "application/json" }, (item) => item)
      return items.filter(isJsonObject)
    }),
    listMetadata: Effect.fnUntraced(function*(apiVersion, kind, namespace, labelSelector) {
      const request = yield* listRequest("list", apiVersion, kind, namespace, labelSelector)
      if (request === undefined) return []
      const { items } = yield* listAll(session, request, (item): LiveMetadata => liveMetadata(apiVersion, kind, item))
      return items
    }),
    watchMetadata: (apiVersion, kind, namespace, labelSelector, keep) =>
      Stream.unwrap(Effect.gen(function*() {
        const listing = yield* listRequest("list", apiVersion, kind, namespace, labelSelector)
        if (listing === undefined) return Stream.empty
        const read = (item: Json) => liveMetadata(apiVersion, kind, item)
        return watch(session, listing, listAll(session, listing, (item) => keep(read(item))), read)
      })),
    versions: (apiVersion, { kind, name, namespace }) =>
      Stream.unwrap(Effect.gen(function*() {
        const known = yield* discovery.kindOf(apiVersion, kind)
        if (known === undefined) return Stream.make(undefined)
        const what = { kind: known, namespace, fieldSelector: `metadata.name=${name}`, metadata: true }
        return watchCollection(session, what).pipe(
          Stream.filter(({ _tag }) => _tag !== "Bookmark"),
          Stream.map((event) => {
            const object = event._tag === "Listed"
              ? event.objects[0]
              : event._tag === "Changed"
              ? event.object
              : undefined
            const version = at(object, "metadata", "resourceVersion")
            return typeof version === "string" ? version : undefined
          })
        )
      })),
    recovered: client.recovered,
    kindOf: discovery.kindOf,
    capabilities: discovery.capabilities
  }
}

const isNotFound = (failure: KubeFailure): boolean => failure.status === 404
