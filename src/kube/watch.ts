import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { at, type Json, type JsonObject } from "../domain/Json.ts"
import { KubeFailure } from "../domain/StageError.ts"
import { nameOf } from "./Identity.ts"
import type { KubeRequest, KubeSession } from "./KubeClient.ts"
import type { CollectionEvent } from "./KubeReader.ts"

interface Listing<A> {
  readonly items: ReadonlyArray<A>
  readonly resourceVersion: string
}

/** What a watch of metadata accepts. */
export const metadataOnly = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

const isFinal = ({ status }: KubeFailure): boolean =>
  status >= 400 && status < 500 && status !== 401 && status !== 408 && status !== 410 && status !== 429

/** An ERROR event holds a Status; 410 says that the position is too old. */
const failureOf = (request: KubeRequest, session: KubeSession, status: Json | undefined): KubeFailure => {
  const code = at(status, "code")
  const text = (name: string) => String(at(status, name) ?? "")
  return new KubeFailure({
    ...request.asked,
    status: typeof code === "number" ? code : 500,
    reason: text("reason"),
    detail: text("message"),
    identity: nameOf(session.identity),
    causes: []
  })
}

/**
 * List, then watch from there: resumes at the last position when the connection ends, lists again when that position is
 * gone (410), waits longer with every failure in a row (0.2 to 10 s), ends only when the server refuses.
 */
export const watch = <A, Listed>(
  session: KubeSession,
  listRequest: KubeRequest,
  list: Effect.Effect<Listing<Listed>, KubeFailure>,
  read: (item: Json) => A,
  accept = metadataOnly
): Stream.Stream<CollectionEvent<A, Listed>, KubeFailure> =>
  Stream.suspend(() => {
    let position: string | undefined

    const request = (): KubeRequest => ({
      ...listRequest,
      asked: { ...listRequest.asked, verb: "watch" },
      accept,
      query: { ...listRequest.query, watch: "true", allowWatchBookmarks: "true", resourceVersion: position ?? "" }
    })
    const changes = Stream.suspend(() =>
      session.lines(request()).pipe(
        Stream.mapEffect((event: JsonObject) => {
          if (event.type === "ERROR") return Effect.fail(failureOf(listRequest, session, event.object))
          const version = at(event, "object", "metadata", "resourceVersion")
          if (typeof version === "string") position = version
          return Effect.succeed(event)
        }),
        Stream.map((event): CollectionEvent<A, Listed> =>
          event.type === "BOOKMARK"
            ? { _tag: "Bookmark", resourceVersion: position ?? "" }
            : { _tag: event.type === "DELETED" ? "Deleted" : "Changed", object: read(event.object ?? null) }
        )
      )
    )
    const listed = Stream.fromEffect(Effect.map(list, ({ items, resourceVersion }): CollectionEvent<A, Listed> => {
      position = resourceVersion
      return { _tag: "Listed", objects: items, resourceVersion }
    }))
    // A server that ends every watch at once must not make us ask without a pause.
    const breath = Stream.drain(Stream.fromEffect(Effect.sleep("100 millis")))
    const turn = Stream.suspend(() => position === undefined ? Stream.concat(listed, changes) : changes).pipe(
      Stream.tapError((failure) =>
        Effect.sync(() => {
          if (failure.status === 410) position = undefined
        })
      ),
      Stream.concat(breath)
    )
    return Stream.forever(turn).pipe(
      Stream.retry(($) =>
        $(Schedule.min([Schedule.exponential("200 millis"), Schedule.spaced("10 seconds")])).pipe(
          Schedule.jittered,
          Schedule.while(({ input }) => !isFinal(input))
        )
      )
    )
  })
