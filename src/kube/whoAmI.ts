import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { at, type Json } from "../domain/Json.ts"
import type { Connections } from "./Connection.ts"
import { exchange } from "./exchange.ts"
import { type Identity, nameOf, userName } from "./Identity.ts"

const deadline = 5_000

const read = (body: string): Json | undefined => {
  const document = Result.try((): Json => JSON.parse(body))
  return Result.isSuccess(document) ? at(document.success, "status", "userInfo", "username") : undefined
}

/**
 * The name that the cluster has for an identity, for errors: asked once, by a SelfSubjectReview, when the first one has
 * to be told. Without an answer it is the kubeconfig's name of the user.
 */
export const make = (connections: Connections) => {
  let name: string | undefined

  const review = Effect.fnUntraced(function*(status: number) {
    const connection = yield* connections.current
    // Only a 403 is about the name; who is not let in (401) is nobody to the cluster, and a 404 is often expected.
    if (name !== undefined || status !== 403) return name ?? connection.user
    const answer = yield* exchange(connection.requests, {
      origin: connection.origin,
      path: `${connection.prefix}/apis/authentication.k8s.io/v1/selfsubjectreviews`,
      method: "POST",
      deadline,
      headers: {
        accept: "application/json",
        "content-type": "application/json",
        "user-agent": "sluice",
        ...connection.headers
      },
      body: JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" })
    })
    const told = answer.status < 300 ? read(answer.body) : undefined
    if (typeof told === "string") name = told
    return name ?? connection.user
  })

  return (identity: Identity, status: number): Effect.Effect<string> =>
    userName(identity) === undefined
      ? Effect.orElseSucceed(review(status), () => nameOf(identity))
      : Effect.succeed(nameOf(identity))
}
