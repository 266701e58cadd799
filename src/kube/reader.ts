import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { at, isJsonObject, type Json, type JsonObject } from "../domain/Json.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import { resourceOf } from "./discovery.ts"
import { badRequest } from "./failure.ts"
import { type Identity, nameOf } from "./Identity.ts"
import type { KubeClient, KubeRequest, KubeSession } from "./KubeClient.ts"
import type { KubeReader, LiveMetadata } from "./KubeReader.ts"
import { liveMetadata } from "./liveMetadata.ts"
import { applyAs, placeOf } from "./objectRequest.ts"
import { resourcePath } from "./resourcePath.ts"
import { watch } from "./watch.ts"

/** Objects of one LIST request: larger pages are hardly faster (see README.md), and cost the server and us memory. */
const page = 500
const restarts = 3

const metadataOnly = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

/**
 * All pages of a LIST, or a failure: a continuation that expired begins the list anew. Of each item only what `read`
 * makes of it is held.
 */
export const listAll = Effect.fnUntraced(function*<A>(
  session: KubeSession,
  request: KubeRequest,
  read: (item: Json) => A
) {
  for (let restart = 0;; restart++) {
    const listing = yield* listPages(session, request, read).pipe(
      Effect.catchIf(
        (failure) => failure.status === 410 && restart < restarts,
        () => Effect.succeed(undefined)
      )
    )
    if (listing !== undefined) return listing
  }
})

const listPages = Effect.fnUntraced(function*<A>(session: KubeSession, request: KubeRequest, read: (item: Json) => A) {
  const items: Array<A> = []
  let next = ""
  do {
    const query = { ...request.query, limit: String(page), ...next === "" ? {} : { continue: next } }
    const answer: JsonObject = yield* session.request({ ...request, query })
    for (const item of Array.isArray(answer.items) ? answer.items as ReadonlyArray<Json> : []) items.push(read(item))
    const more = at(answer, "metadata", "continue")
    next = typeof more === "string" ? more : ""
    if (next === "") {
      return { items, resourceVersion: String(at(answer, "metadata", "resourceVersion") ?? "") }
    }
  } while (true)
})

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
      accept: metadataOnly,
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
    kindOf: discovery.kindOf,
    capabilities: discovery.capabilities
  }
}

const isNotFound = (failure: KubeFailure): boolean => failure.status === 404
