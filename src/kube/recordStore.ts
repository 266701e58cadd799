import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { at, type JsonObject } from "../domain/Json.ts"
import { KubeFailure } from "../domain/StageError.ts"
import { nameOf } from "./Identity.ts"
import type { KubeRequest, KubeSession } from "./KubeClient.ts"
import { chunkName, generationOf, type Head, headOf, type Identification, recordOf } from "./record.ts"

/** No write takes an hour; a chunk without a head that is this old has no writer. */
const abandoned = 3_600_000

/** A record that is in the cluster, as far as we know. */
export interface Known {
  readonly of: Identification
  readonly head: Head
  readonly resourceVersion: string
}

/** A head as it was just read, with the chunk that is in it. */
export interface ReadHead extends Known {
  readonly object: JsonObject
}

/** The ConfigMaps of records, one request each. One for all deliveries. */
export type RecordStore = ReturnType<typeof makeRecordStore>

/** Generations remembered: an answer that was lost is missed within seconds. */
const remembered = 2_000

export const makeRecordStore = (session: KubeSession) => {
  const request = (
    verb: string,
    method: KubeRequest["method"],
    { namespace }: Identification,
    name: string,
    body?: JsonObject
  ): KubeRequest => ({
    asked: { verb, resource: "configmaps", object: { group: "", kind: "ConfigMap", namespace, name } },
    method,
    path: `/api/v1/namespaces/${namespace}/configmaps${verb === "create" ? "" : `/${name}`}`,
    ...body === undefined ? {} : { contentType: "application/json", body: JSON.stringify(body) },
    idempotent: true
  })
  const get = (of: Identification, name: string) =>
    Effect.catchIf(
      session.request(request("get", "GET", of, name)),
      ({ status }) => status === 404,
      () => Effect.succeed(undefined)
    )
  const chunkNames = ({ head, of }: Known) =>
    Array.from({ length: head.count - 1 }, (_, index) => chunkName(of, head.generation, index + 1))
  // Generations that this process wrote, so that a lost answer is not mistaken for somebody else's write.
  const mine = new Set<string>()
  const remember = (generation: string) => {
    mine.add(generation)
    if (mine.size > remembered) mine.delete(mine.values().next().value!)
  }

  const writeHead = (
    of: Identification,
    head: JsonObject,
    resourceVersion: string | undefined
  ): Effect.Effect<JsonObject, KubeFailure> =>
    session.request(
      resourceVersion === undefined
        ? request("create", "POST", of, nameIn(head), head)
        : request("update", "PUT", of, nameIn(head), withVersion(head, resourceVersion))
    ).pipe(
      Effect.catchIf(
        ({ status }) => status === 409,
        Effect.fnUntraced(function*(failure) {
          const found = yield* get(of, nameIn(head))
          const generation = found === undefined ? undefined : generationOf(found)
          if (found === undefined || typeof generation !== "string" || !mine.has(generation)) {
            return yield* raced(failure, of)
          }
          return generation === generationOf(head) ? found : yield* writeHead(of, head, versionOf(found))
        })
      )
    )

  return {
    session,
    /** As whom it is written, for errors. */
    identity: nameOf(session.identity),
    head: Effect.fnUntraced(function*(of: Identification) {
      const object = yield* get(of, chunkName(of, "", 0))
      if (object === undefined) return undefined
      const head = headOf(object)
      if (Result.isFailure(head)) return yield* unreadable(nameOf(session.identity), of, head.failure)
      if (recordOf(object) !== of.delivery) {
        return yield* unreadable(nameOf(session.identity), of, "it is another delivery's")
      }
      const read: ReadHead = { of, head: head.success, resourceVersion: versionOf(object), object }
      return read
    }),
    /** All chunks of a head; those that are gone are left out. */
    chunks: (read: ReadHead) =>
      Effect.map(
        Effect.forEach(chunkNames(read), (name) => get(read.of, name), { concurrency: 4 }),
        (rest) => [read.object, ...rest].filter((chunk) => chunk !== undefined)
      ),
    /** The chunks first, the head last: until it is written readers see the record before. */
    write: Effect.fnUntraced(
      function*(of: Identification, objects: ReadonlyArray<JsonObject>, resourceVersion?: string) {
        const [first, ...rest] = objects as [JsonObject, ...Array<JsonObject>]
        yield* Effect.forEach(rest, (chunk) =>
          Effect.catchIf(
            session.request(request("create", "POST", of, nameIn(chunk), chunk)),
            // Nobody else knows this generation: the answer to our first try was lost.
            ({ reason }) => reason === "AlreadyExists",
            () => Effect.void
          ), { concurrency: 4, discard: true })
        const head = Result.getOrThrow(headOf(first))
        remember(head.generation)
        const written = yield* writeHead(of, first, resourceVersion)
        const known: Known = { of, head, resourceVersion: versionOf(written) }
        return known
      }
    ),
    delete: (of: Identification, name: string) =>
      Effect.catchIf(
        Effect.asVoid(session.request(request("delete", "DELETE", of, name))),
        ({ status }) => status === 404,
        () => Effect.void
      ),
    /** Deletes the chunks behind a head that is no longer; one that stays costs room, nothing else. */
    forget: (gone: Known) =>
      Effect.forEach(
        chunkNames(gone),
        (name) => Effect.ignore(session.request(request("delete", "DELETE", gone.of, name))),
        { concurrency: 4, discard: true }
      ),
    /** Deletes what a writer left that was killed before its head: chunks of no known generation, an hour old. */
    sweep: Effect.fnUntraced(function*({ head, of }: Known) {
      const found = yield* session.request({
        asked: { verb: "list", resource: "configmaps" },
        method: "GET",
        path: `/api/v1/namespaces/${of.namespace}/configmaps`,
        query: { labelSelector: `app.kubernetes.io/managed-by=sluice,sluice.dev/record=${of.part}` },
        accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
        idempotent: true
      })
      const now = yield* Clock.currentTimeMillis
      const isAbandoned = (chunk: JsonObject) =>
        recordOf(chunk) === of.delivery && generationOf(chunk) !== head.generation &&
        Date.parse(String(at(chunk, "metadata", "creationTimestamp"))) < now - abandoned
      yield* Effect.forEach(
        (Array.isArray(found.items) ? found.items as ReadonlyArray<JsonObject> : []).filter(isAbandoned),
        (chunk) => Effect.ignore(session.request(request("delete", "DELETE", of, nameIn(chunk)))),
        { concurrency: 4, discard: true }
      )
    }, (work) => Effect.ignore(work))
  }
}

const nameIn = (object: JsonObject): string => String(at(object, "metadata", "name"))
const versionOf = (object: JsonObject): string => String(at(object, "metadata", "resourceVersion") ?? "")
const withVersion = (object: JsonObject, resourceVersion: string): JsonObject => ({
  ...object,
  metadata: { ...object.metadata as JsonObject, resourceVersion }
})

const raced = (failure: KubeFailure, { delivery, part }: Identification): KubeFailure =>
  new KubeFailure({
    ...failure,
    reason: "Conflict",
    detail: `the ${part} of ${delivery} was written by somebody else meanwhile: another Sluice runs the same delivery`
  })

export const unreadable = (
  identity: string,
  { delivery, namespace, part }: Identification,
  why: string
): KubeFailure =>
  new KubeFailure({
    status: 422,
    reason: "RecordUnreadable",
    detail:
      `the ${part} of ${delivery} cannot be read: ${why}; restore its ConfigMaps in namespace ${namespace}, or delete them and adopt what is there`,
    verb: "get",
    resource: "configmaps",
    identity,
    causes: []
  })
