import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { randomBytes } from "node:crypto"
import { at, type JsonObject } from "../domain/Json.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import type { KubeSession } from "./KubeClient.ts"
import { chunkName, type Identification, keptAs, recordOf } from "./record.ts"

/** Of AES-256. */
const keyBytes = 32

const isNotThere = ({ status }: KubeFailure): boolean => status === 404
/** Who may not touch Secrets has no key; it then keeps less, and asks the cluster more. */
const isDenied = ({ status }: KubeFailure): boolean => status === 403

const nothing = () => Effect.succeed(undefined)

/** The key of one delivery's record: 32 random bytes in a Secret beside it, in the first of the places that exists. */
export interface RecordKey {
  readonly session: KubeSession
  readonly places: ReadonlyArray<Identification>
  readonly lock: Semaphore.Semaphore
  known: Uint8Array | undefined
}

export const make = (session: KubeSession, places: ReadonlyArray<Identification>): RecordKey => ({
  session,
  places,
  lock: Semaphore.makeUnsafe(1),
  known: undefined
})

const pathOf = ({ namespace }: Identification) => `/api/v1/namespaces/${namespace}/secrets`

const asked = (verb: string, of: Identification) => ({
  verb,
  resource: "secrets",
  object: { group: "", kind: "Secret", namespace: of.namespace, name: chunkName(of, "", 0) }
})

const read = (session: KubeSession, of: Identification) =>
  session.requestUnmasked({
    asked: asked("get", of),
    method: "GET",
    path: `${pathOf(of)}/${chunkName(of, "", 0)}`,
    idempotent: true
  }).pipe(Effect.map((secret) => keyIn(secret, of)), Effect.catchIf(isNotThere, nothing))

const look = Effect.fnUntraced(function*(key: RecordKey) {
  for (const of of key.places) {
    key.known ??= yield* Effect.catchIf(read(key.session, of), isDenied, nothing)
    if (key.known !== undefined) break
  }
  return key.known
})

const create = Effect.fnUntraced(function*(key: RecordKey) {
  const { places, session } = key
  for (const of of places) {
    const body = secretOf(of, randomBytes(keyBytes))
    const made = yield* session.requestUnmasked({
      asked: asked("create", of),
      method: "POST",
      path: pathOf(of),
      contentType: "application/json",
      body: JSON.stringify(body),
      sent: body,
      idempotent: true
    }).pipe(
      Effect.map((secret) => keyIn(secret, of)),
      // Somebody was faster, or the answer to our first try was lost.
      Effect.catchIf(({ status }) => status === 409, () => read(session, of)),
      Effect.catchIf(isNotThere, nothing)
    )
    if (made !== undefined) return key.known = made
  }
  return undefined
})

const erase = (session: KubeSession, of: Identification) =>
  Effect.flatMap(
    Effect.catchIf(read(session, of), isDenied, nothing),
    (found) =>
      found === undefined ? Effect.void : Effect.asVoid(session.requestUnmasked({
        asked: asked("delete", of),
        method: "DELETE",
        path: `${pathOf(of)}/${chunkName(of, "", 0)}`,
        idempotent: true
      })).pipe(Effect.catchIf(isNotThere, nothing))
  )

const known = (key: RecordKey) => Effect.suspend(() => key.known === undefined ? look(key) : Effect.succeed(key.known))

/** The key, if there is one that may be read. */
export const find = (key: RecordKey) => Semaphore.withPermit(key.lock, known(key))

/** The key, made if there is none and it may be. */
export const findOrMake = (key: RecordKey) =>
  Semaphore.withPermit(
    key.lock,
    Effect.flatMap(
      known(key),
      (found) => found === undefined ? Effect.catchIf(create(key), isDenied, nothing) : Effect.succeed(found)
    )
  )

export const remove = (key: RecordKey) =>
  Semaphore.withPermit(
    key.lock,
    Effect.andThen(
      Effect.forEach(key.places, (of) => erase(key.session, of), { discard: true }),
      Effect.sync(() => key.known = undefined)
    )
  )

const secretOf = (of: Identification, key: Uint8Array): JsonObject => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: keptAs(of, chunkName(of, "", 0)),
  immutable: true,
  data: { key: Buffer.from(key).toString("base64") }
})

/** Undefined for a Secret that is another delivery's, or that somebody changed. */
const keyIn = (secret: JsonObject, of: Identification): Uint8Array | undefined => {
  const data = at(secret, "data", "key")
  const key = typeof data === "string" ? Buffer.from(data, "base64") : undefined
  return recordOf(secret) === of.delivery && key?.length === keyBytes ? new Uint8Array(key) : undefined
}
