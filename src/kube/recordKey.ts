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
export const makeRecordKey = Effect.fnUntraced(
  function*(session: KubeSession, places: ReadonlyArray<Identification>) {
    const lock = yield* Semaphore.make(1)
    let known: Uint8Array | undefined

    const asked = (verb: string, of: Identification) => ({
      verb,
      resource: "secrets",
      object: { group: "", kind: "Secret", namespace: of.namespace, name: chunkName(of, "", 0) }
    })
    const path = ({ namespace }: Identification) => `/api/v1/namespaces/${namespace}/secrets`

    const read = (of: Identification) =>
      session.requestUnmasked({
        asked: asked("get", of),
        method: "GET",
        path: `${path(of)}/${chunkName(of, "", 0)}`,
        idempotent: true
      }).pipe(Effect.map((secret) => keyIn(secret, of)), Effect.catchIf(isNotThere, nothing))

    const find = Effect.gen(function*() {
      for (const of of places) {
        known ??= yield* Effect.catchIf(read(of), isDenied, nothing)
        if (known !== undefined) break
      }
      return known
    })

    const create = Effect.gen(function*() {
      for (const of of places) {
        const body = secretOf(of, randomBytes(keyBytes))
        const made = yield* session.requestUnmasked({
          asked: asked("create", of),
          method: "POST",
          path: path(of),
          contentType: "application/json",
          body: JSON.stringify(body),
          sent: body,
          idempotent: true
        }).pipe(
          Effect.map((secret) => keyIn(secret, of)),
          // Somebody was faster, or the answer to our first try was lost.
          Effect.catchIf(({ status }) => status === 409, () => read(of)),
          Effect.catchIf(isNotThere, nothing)
        )
        if (made !== undefined) return known = made
      }
      return undefined
    })

    const remove = Effect.forEach(
      places,
      (of) =>
        Effect.flatMap(
          Effect.catchIf(read(of), isDenied, nothing),
          (found) =>
            found === undefined ? Effect.void : Effect.asVoid(session.requestUnmasked({
              asked: asked("delete", of),
              method: "DELETE",
              path: `${path(of)}/${chunkName(of, "", 0)}`,
              idempotent: true
            })).pipe(Effect.catchIf(isNotThere, nothing))
        ),
      { discard: true }
    )

    return {
      remove: Semaphore.withPermit(lock, Effect.andThen(remove, Effect.sync(() => known = undefined))),
      find: Semaphore.withPermit(lock, Effect.suspend(() => known === undefined ? find : Effect.succeed(known))),
      make: Semaphore.withPermit(
        lock,
        Effect.flatMap(
          Effect.suspend(() => known === undefined ? find : Effect.succeed(known)),
          (found) => found === undefined ? Effect.catchIf(create, isDenied, nothing) : Effect.succeed(found)
        )
      )
    }
  }
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
