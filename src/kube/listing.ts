import * as Effect from "effect/Effect"
import { at, type Json, type JsonObject } from "../domain/Json.ts"
import type { KubeRequest, KubeSession } from "./KubeClient.ts"

/** Objects of one LIST request: larger pages are hardly faster (see README.md), and cost the server and us memory. */
const page = 500
const restarts = 3

/** What a LIST of metadata accepts. */
export const metadataLists = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

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
