import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { request as open } from "node:http"
import { parseAddress } from "./address.ts"
import type { Held } from "./body.ts"
import type { Limits } from "./limits.ts"
import type { Request } from "./listen.ts"
import { addressOf } from "./TokenBuckets.ts"

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

/** What the other replicas have made of a hook: one of them took it, all refused it, or some have not said. */
export type Relayed = "taken" | "refused" | "unknown"

/** An answer that another time would be another one says nothing about the hook. */
const told = (status = 0): Relayed =>
  status === 202 ? "taken" : status >= 400 && status < 500 && status !== 429 ? "refused" : "unknown"

const hand = (peer: string, request: Request, body: Uint8Array, limits: Limits): Effect.Effect<Relayed> => {
  const address = parseAddress(peer)
  if (Result.isFailure(address)) return Effect.succeed("unknown")
  const { host, port } = address.success
  return Effect.callback<Relayed>((resume) => {
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
      resume(Effect.succeed(told(response.statusCode)))
    }).on("error", () => resume(Effect.succeed("unknown"))).end(body)
    return Effect.sync(() => sent.destroy())
  }).pipe(Effect.timeoutOrElse({ duration: limits.relaying, orElse: () => Effect.succeed<Relayed>("unknown") }))
}

const all = (answers: ReadonlyArray<Relayed>): Relayed =>
  answers.includes("taken") ? "taken" : answers.includes("unknown") ? "unknown" : "refused"

export interface Relay {
  /** Hands a hook on; where too many are on their way, nobody is asked. */
  readonly hand: (request: Request, body: Uint8Array) => Effect.Effect<Relayed>
  /** The replica that has handed it on, by the address that it comes from: anybody may send a header. */
  readonly sender: (request: Request) => string | undefined
}

/**
 * Hands hooks on to the other replicas as they came: each knows the secrets of the Deliveries that it tends, and verifies
 * by itself. What is on its way counts in `held`.
 */
export const makeRelay = (peers: () => ReadonlyArray<string>, limits: Limits, held: Held): Relay => {
  let underWay = 0
  const isRelayed = ({ headers }: Request): boolean => headers[relayedHeader] !== undefined
  const hosts = () => peers().map((peer) => Result.getOrUndefined(parseAddress(peer))?.host.toLowerCase())
  return {
    hand: (request, body) =>
      Effect.suspend(() => {
        const others = isRelayed(request) ? [] : peers()
        if (others.length === 0) return Effect.succeed("refused")
        if (underWay >= limits.relays) return Effect.succeed("unknown")
        const size = body.buffer.byteLength
        const count = (one: 1 | -1) => {
          underWay += one
          held.bytes += one * size
        }
        count(1)
        return Effect.forEach(others, (peer) => hand(peer, request, body, limits), { concurrency: "unbounded" }).pipe(
          Effect.map(all),
          Effect.ensuring(Effect.sync(() => count(-1)))
        )
      }),
    sender: (request) => {
      const address = addressOf(request.remote)
      return isRelayed(request) && hosts().includes(address) ? address : undefined
    }
  }
}
