import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { request as open } from "node:http"
import { parseAddress } from "./address.ts"
import type { Limits } from "./limits.ts"
import type { Request } from "./listen.ts"

/** Stands on what another replica has handed on: it goes no further. */
export const relayedHeader = "sluice-relayed"

/** What belongs to one connection, and what this one says for itself. */
const ownHeaders = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade"
])

const headersOf = (request: Request, body: Uint8Array) => ({
  ...Object.fromEntries(
    Object.entries(request.headers).filter(([name, value]) => value !== undefined && !ownHeaders.has(name))
  ) as Record<string, string | Array<string>>,
  [relayedHeader]: "1",
  "content-length": String(body.length)
})

/** Whether another replica takes a hook. Who does not answer in time, or at all, takes none. */
const hand = (peer: string, request: Request, body: Uint8Array, limits: Limits): Effect.Effect<boolean> => {
  const address = parseAddress(peer)
  if (Result.isFailure(address)) return Effect.succeed(false)
  const { host, port } = address.success
  return Effect.callback<boolean>((resume) => {
    const sent = open({
      host,
      port,
      method: "POST",
      path: request.path,
      headers: headersOf(request, body),
      agent: false
    })
    sent.on("response", (response) => {
      response.resume()
      resume(Effect.succeed(response.statusCode === 202))
    }).on("error", () => resume(Effect.succeed(false))).end(body)
    return Effect.sync(() => sent.destroy())
  }).pipe(Effect.timeoutOrElse({ duration: limits.relaying, orElse: () => Effect.succeed(false) }))
}

/**
 * Hands hooks on to the other replicas as they came: each knows the secrets of the Deliveries that it tends, and verifies
 * by itself. Answers whether one of them has taken it; where too many are on their way, nobody is asked.
 */
export const makeRelay = (peers: () => ReadonlyArray<string>, limits: Limits) => {
  let underWay = 0
  return (request: Request, body: Uint8Array): Effect.Effect<boolean> =>
    Effect.suspend(() => {
      const all = request.headers[relayedHeader] === undefined ? peers() : []
      if (all.length === 0 || underWay >= limits.relays) return Effect.succeed(false)
      underWay++
      return Effect.forEach(all, (peer) => hand(peer, request, body, limits), { concurrency: "unbounded" }).pipe(
        Effect.map((taken) => taken.includes(true)),
        Effect.ensuring(Effect.sync(() => underWay--))
      )
    })
}
