import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { KubeFailure } from "../domain/StageError.ts"
import type { Connections } from "./Connection.ts"
import { exchange } from "./exchange.ts"
import { unanswered } from "./failure.ts"
import { Identity, nameOf } from "./Identity.ts"

/** The time that the API server has, and ours before and after it was asked, in milliseconds. */
export interface ServerTime {
  /** In whole seconds, as HTTP tells it. */
  readonly server: number
  readonly before: number
  readonly after: number
}

const asked = { verb: "get", resource: "/version" }
const deadline = 15_000

/** Asks once, as nobody in particular: every answer has a date, a refusal too. */
export const serverTime = (connections: Connections): Effect.Effect<ServerTime, KubeFailure> =>
  Effect.gen(function*() {
    const connection = yield* Effect.mapError(
      connections.current,
      (why) => unanswered(asked, nameOf(Identity.Self()), "KubeConfig", why)
    )
    const before = yield* Clock.currentTimeMillis
    const { headers } = yield* exchange(connection.requests, {
      origin: connection.origin,
      path: `${connection.prefix}/version`,
      method: "GET",
      deadline,
      headers: { accept: "application/json", "user-agent": "sluice", ...connection.headers }
    }).pipe(
      Effect.mapError(({ code, detail }) =>
        unanswered(asked, connection.user, code, `no answer from ${connection.origin}: ${detail}`)
      )
    )
    const after = yield* Clock.currentTimeMillis
    const server = Date.parse(String(headers.date))
    return Number.isNaN(server)
      ? yield* unanswered(asked, connection.user, "NoDate", `the answer from ${connection.origin} says no date`)
      : { server, before, after }
  })
