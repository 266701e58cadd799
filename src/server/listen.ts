import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { type Address, displayAddress } from "./address.ts"
import { drain, type Held, readBody, type Unread } from "./body.ts"
import type { Limits } from "./limits.ts"
import { ownerOf } from "./TokenBuckets.ts"
import type { Headers } from "./webhook/Provider.ts"

/** The address is taken, not ours, or not to be had. */
export class CannotListen extends Schema.TaggedError<CannotListen>()("CannotListen", {
  address: Schema.String,
  code: Schema.String
}) {
  override get message() {
    const why = { EADDRINUSE: "it is in use", EACCES: "it may not be used", EADDRNOTAVAIL: "it is not of this machine" }
    return `cannot listen on ${this.address}: ${why[this.code as keyof typeof why] ?? this.code}`
  }
}

export interface Request {
  readonly method: string
  /** As it was sent, without a query. */
  readonly path: string
  readonly headers: Headers
  readonly remote: string
  /** Nothing of a body is read before somebody asks for it. */
  readonly body: Effect.Effect<Uint8Array, Unread>
}

export interface Answer {
  readonly status: number
  readonly text: string
  readonly headers?: Readonly<Record<string, string>>
}

export type Handle = (request: Request) => Effect.Effect<Answer>

const answered = (
  { headers, status, text }: Answer,
  request: IncomingMessage,
  response: ServerResponse,
  last: boolean
) =>
  Effect.sync(() => {
    response.writeHead(status, {
      "content-type": "text/plain; charset=utf-8",
      "content-length": Buffer.byteLength(text),
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...last ? { connection: "close" } : {},
      ...headers
    }).end(request.method === "HEAD" ? undefined : text)
  })

/** No connection is kept from others by one address, nor by who says nothing. */
const guardConnections = (server: Server, limits: Limits): void => {
  const open = new Map<string, number>()
  server.maxConnections = limits.connections
  server.on("connection", (socket: Socket) => {
    const remote = ownerOf(socket.remoteAddress ?? "")
    const count = (open.get(remote) ?? 0) + 1
    open.set(remote, count)
    socket.once("close", () => {
      const left = open.get(remote)! - 1
      if (left > 0) open.set(remote, left)
      else open.delete(remote)
    })
    if (count > limits.connectionsOfOne) socket.destroy()
  })
}

const close = (server: Server, limits: Limits): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    // Without this, whoever keeps a connection open keeps the process.
    const timer = setTimeout(() => server.closeAllConnections(), limits.closing)
    server.close(() => {
      clearTimeout(timer)
      resume(Effect.void)
    })
    server.closeIdleConnections()
  })

/** Answers requests until the scope closes; tells the address that it got. Bodies that are read count in `held`. */
export const listen = Effect.fnUntraced(function*(
  address: Address,
  limits: Limits,
  handle: Handle,
  held: Held = { bytes: 0 }
): Effect.fn.Return<Address, CannotListen, Scope.Scope> {
  const run = Effect.runForkWith(yield* Effect.context<never>())
  const server = createServer({
    headersTimeout: limits.headers,
    requestTimeout: limits.request,
    keepAliveTimeout: limits.idle,
    connectionsCheckingInterval: Math.min(1_000, limits.headers),
    maxHeaderSize: 16_384
  })
  server.timeout = 2 * limits.request
  guardConnections(server, limits)
  server.on("request", (request, response) => {
    const fiber = run(
      Effect.suspend(() =>
        handle({
          method: request.method ?? "",
          path: (request.url ?? "").replace(/[?#].*$/su, ""),
          headers: request.headers,
          remote: request.socket.remoteAddress ?? "",
          body: readBody(request, held, limits)
        })
      ).pipe(
        Effect.catchCause((cause) =>
          Effect.as(Effect.logError("a request crashed", cause), { status: 500, text: "internal error\n" })
        ),
        Effect.flatMap((answer) => answered(answer, request, response, !server.listening)),
        Effect.andThen(Effect.sync(() => request.complete ? undefined : drain(request, limits)))
      )
    )
    response.on("close", () => fiber.interruptUnsafe())
  })
  yield* Effect.acquireRelease(
    Effect.callback<void, CannotListen>((resume) => {
      const fail = (error: NodeJS.ErrnoException): void =>
        resume(Effect.fail(new CannotListen({ address: displayAddress(address), code: error.code ?? error.message })))
      server.once("error", fail)
      server.listen({ port: address.port, ...address.host === "" ? {} : { host: address.host } }, () => {
        server.off("error", fail).on("error", ({ message }) => run(Effect.logError("the server has trouble", message)))
        resume(Effect.void)
      })
    }),
    () => close(server, limits)
  )
  return { host: address.host, port: (server.address() as AddressInfo).port }
})
