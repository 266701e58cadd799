import { assert } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import type * as Scope from "effect/Scope"
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { type IncomingHttpHeaders, request } from "node:http"
import { connect, type Socket } from "node:net"
import { Hooks } from "../../src/server/Hooks.ts"
import { Server, type ServerOptions } from "../../src/server/Server.ts"
import { Meter, MeterState } from "../../src/telemetry/Meter.ts"
import { push, secret, senders } from "./webhooks.ts"

export interface Answered {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** One request on a connection of its own; `from`: another address of this machine. */
export const send = (
  port: number,
  path: string,
  options: {
    readonly method?: string
    readonly headers?: object
    readonly body?: string | Buffer
    readonly from?: string
  } = {}
): Effect.Effect<Answered> =>
  Effect.promise(() =>
    new Promise<Answered>((resolve, reject) => {
      const sent = request({
        host: "127.0.0.1",
        port,
        path,
        agent: false,
        localAddress: options.from ?? "127.0.0.1",
        method: options.method ?? "GET",
        headers: { ...options.headers as Record<string, string> }
      }, (response) => {
        let text = ""
        // What the server cuts after its answer is no failure.
        sent.on("error", () => resolve({ status: response.statusCode!, headers: response.headers, text }))
        response.setEncoding("utf8").on("data", (piece) => text += piece).on(
          "end",
          () => resolve({ status: response.statusCode!, headers: response.headers, text })
        )
      })
      sent.on("error", reject)
      sent.end(options.body)
    })
  )

export interface Ground {
  readonly http: number
  readonly metrics: number
  readonly meter: MeterState
  readonly logs: ReadonlyArray<string>
  readonly hooks: typeof Hooks.Service
  /** What was hinted next; waits for it. */
  readonly hinted: Effect.Effect<string>
  readonly post: (path: string, headers: object, body: string | Buffer) => Effect.Effect<Answered>
  readonly get: (path: string) => Effect.Effect<Answered>
  readonly scrape: Effect.Effect<string>
}

/** A server on free ports of this machine, until the scope closes. */
export const open = (
  options: Partial<ServerOptions> = {}
): Effect.Effect<Ground, never, Scope.Scope> =>
  Effect.gen(function*() {
    const hints = yield* Queue.unbounded<string>()
    const meter = new MeterState()
    const logs: Array<string> = []
    const logger = Logger.make<unknown, void>((entry) => void logs.push(Logger.formatLogFmt.log(entry)))
    const context = yield* Layer.build(
      Server.layer({
        http: { host: "127.0.0.1", port: 0 },
        metrics: { host: "127.0.0.1", port: 0 },
        ready: Effect.succeed(true),
        hint: (repository) => Effect.as(Queue.offer(hints, repository), 1),
        ...options
      }).pipe(
        Layer.provideMerge(Hooks.layer),
        Layer.provide([
          Logger.layer([logger]),
          Layer.succeed(References.MinimumLogLevel, "Debug"),
          Layer.succeed(Meter, meter)
        ])
      )
    ).pipe(Effect.orDie)
    const server = Context.get(context, Server)
    const http = server.http.port
    const metrics = server.metrics?.port ?? 0
    return {
      http,
      metrics,
      meter,
      logs,
      hooks: Context.get(context, Hooks),
      hinted: Queue.take(hints),
      post: (path, headers, body) => send(http, path, { method: "POST", headers, body }),
      get: (path) => send(http, path),
      scrape: Effect.map(send(metrics, "/metrics"), ({ text }) => text)
    }
  })

/** Lets hooks in for `shop/<name>`. */
export const follow = (
  { hooks }: Ground,
  repository: string,
  secrets: { readonly token?: string; readonly signingToken?: string },
  name = "shop",
  namespace = "shop"
) =>
  hooks.register({
    namespace,
    name,
    repository,
    secrets: {
      ...secrets.token === undefined ? {} : { token: Redacted.make(secrets.token) },
      ...secrets.signingToken === undefined ? {} : { signingToken: Redacted.make(secrets.signingToken) }
    }
  }).pipe(Effect.orDie)

/** The repository of the webhooks that GitLab sends in the tests. */
export const shop = "gitlab.example.com/acme/shop"

/** A server that lets in hooks for the shop. */
export const openShop = (options: Partial<ServerOptions> = {}) =>
  Effect.tap(open(options), (ground) => follow(ground, shop, { token: secret }))

/** A connection that says what the test says; `text` is all that came back when it closed. */
export const dial = (ground: Ground): Effect.Effect<{ readonly socket: Socket; readonly closed: Promise<string> }> =>
  Effect.promise(async () => {
    const socket = connect(ground.http, "127.0.0.1")
    let text = ""
    socket.on("error", () => undefined).setEncoding("utf8").on("data", (piece) => text += piece)
    const closed = new Promise<string>((resolve) => socket.once("close", () => resolve(text)))
    await once(socket, "connect")
    return { socket, closed }
  })

/** Proves that the server answers, and takes hooks in. */
export const isAlive = (ground: Ground) =>
  Effect.gen(function*() {
    assert.strictEqual((yield* ground.get("/healthz")).status, 200)
    const answer = yield* ground.post(
      "/hooks/gitlab",
      senders.gitlab(push, secret, randomBytes(8).toString("hex")),
      push
    )
    assert.strictEqual(answer.status, 202)
    yield* ground.hinted
  })

/** Proves that nothing was hinted before: this hint comes first out of the queue. */
export const nothingElse = (ground: Ground) =>
  Effect.gen(function*() {
    const body = JSON.stringify({ repository: "https://sentinel.example.com/a/b" })
    yield* Effect.scoped(Effect.gen(function*() {
      yield* follow(ground, "sentinel.example.com/a/b", { token: "sentinel-secret" }, "sentinel", "sentinel")
      assert.strictEqual(
        (yield* ground.post("/hooks/generic", senders.generic(body, "sentinel-secret"), body)).status,
        202
      )
    }))
    assert.strictEqual(yield* ground.hinted, "sentinel.example.com/a/b")
  })
