import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { isJsonObject, type Json, type JsonObject } from "../domain/Json.ts"
import type { Identity } from "./Identity.ts"
import type { KubeClient } from "./KubeClient.ts"
import { resourcePath } from "./resourcePath.ts"
import type { GivenSecret, Secrets } from "./Secrets.ts"

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

/**
 * The Secrets of one namespace: those given beside a Delivery first (they cost no request), else the cluster's, read as
 * the delivery's identity.
 */
export const make = (
  client: KubeClient["Service"],
  identity: Identity,
  namespace: string,
  given: ReadonlyArray<GivenSecret>
): Secrets["Service"] => {
  const session = client.as(identity)
  return {
    get: (name) =>
      Effect.gen(function*() {
        const beside = given.find((secret) => secret.name === name && secret.namespace === namespace)
        if (beside !== undefined) return beside.values
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
