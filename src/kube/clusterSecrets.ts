import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { at, isJsonObject, type Json, type JsonObject } from "../domain/Json.ts"
import type { Identity } from "./Identity.ts"
import type { KubeClient } from "./KubeClient.ts"
import { resourcePath } from "./resourcePath.ts"
import type { Secrets } from "./Secrets.ts"

const kind = { apiVersion: "v1", kind: "Secret", plural: "secrets", namespaced: true, verbs: [] }

const secretText = (value: string): Redacted.Redacted<string> => Redacted.make(value, { label: "secret" })

const valuesOf = (secret: JsonObject): Record<string, Redacted.Redacted<string>> => {
  const entries = (data: Json | undefined, decoded: (value: string) => string) =>
    Object.entries(isJsonObject(data) ? data : {}).flatMap(([name, value]) =>
      typeof value === "string" ? [[name, secretText(decoded(value))] as const] : []
    )
  return Object.fromEntries([
    ...entries(secret.data, (value) => Buffer.from(value, "base64").toString()),
    ...entries(secret.stringData, (value) => value)
  ])
}

/** The Secret of that name among documents; `stringData` wins over `data`, as in the API server. */
const findGiven = (documents: ReadonlyArray<JsonObject>, namespace: string, name: string): JsonObject | undefined =>
  documents.find((document) =>
    document.apiVersion === "v1" && document.kind === "Secret" && at(document, "metadata", "name") === name &&
    (at(document, "metadata", "namespace") ?? namespace) === namespace
  )

/**
 * The Secrets of one namespace: those given beside a Delivery first (they cost no request), else the cluster's, read as
 * the delivery's identity.
 */
export const make = (
  client: KubeClient["Service"],
  identity: Identity,
  namespace: string,
  given: ReadonlyArray<JsonObject>
): Secrets["Service"] => {
  const session = client.as(identity)
  return {
    get: Effect.fnUntraced(function*(name) {
      const document = findGiven(given, namespace, name)
      if (document !== undefined) return valuesOf(document)
      const path = resourcePath(kind, namespace, name)
      if (path === undefined) return undefined
      const asked = { verb: "get", resource: "secrets", object: { group: "", kind: "Secret", namespace, name } }
      return yield* session.requestUnmasked({ asked, method: "GET", path, idempotent: true }).pipe(
        Effect.map(valuesOf),
        Effect.catchIf(({ status }) => status === 404, () => Effect.succeed(undefined))
      )
    })
  }
}
