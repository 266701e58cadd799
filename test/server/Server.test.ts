import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { once } from "node:events"
import { Agent, request } from "node:http"
import { connect } from "node:net"
import { Hooks } from "../../src/server/Hooks.ts"
import { Server } from "../../src/server/Server.ts"
import { deliveryInfo } from "../../src/telemetry/metrics.ts"
import { open, send } from "./Ground.ts"

describe("probes", () => {
  it.live("say that the process lives, and whether it knows what to do", () =>
    Effect.gen(function*() {
      let isReady = false
      const ground = yield* open({ ready: Effect.sync(() => isReady) })
      for (const port of [ground.http, ground.metrics]) {
        assert.strictEqual((yield* send(port, "/healthz")).status, 200)
        isReady = false
        assert.strictEqual((yield* send(port, "/readyz")).status, 503)
        isReady = true
        assert.strictEqual((yield* send(port, "/readyz?verbose")).status, 200)
        assert.strictEqual((yield* send(port, "/readyz", { method: "HEAD" })).text, "")
        assert.strictEqual((yield* send(port, "/readyz", { method: "POST" })).status, 405)
        assert.strictEqual((yield* send(port, "/ready")).status, 404)
      }
    }))

  it.live("are not ready where nobody says so in time, and answer when that crashes", () =>
    Effect.gen(function*() {
      const silent = yield* open({ ready: Effect.never })
      assert.strictEqual((yield* silent.get("/readyz")).status, 503)
      const broken = yield* open({ ready: Effect.die("no luck") })
      assert.strictEqual((yield* broken.get("/readyz")).status, 500)
      assert.strictEqual((yield* broken.get("/healthz")).status, 200)
    }))
})

describe("metrics", () => {
  it.live("are served at their own address alone, with gauges of what is there now", () =>
    Effect.gen(function*() {
      let names = ["shop", "a \"name\"\n"]
      const ground = yield* open()
      ground.meter.collectors.add((now) => {
        for (const name of names) {
          now.set(deliveryInfo, { namespace: "shop", name, ready: "True", reason: "Succeeded", suspended: "false" }, 1)
        }
      })
      assert.strictEqual((yield* ground.get("/metrics")).status, 404)
      const answer = yield* send(ground.metrics, "/metrics")
      assert.strictEqual(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8")
      assert.include(
        answer.text,
        `sluice_delivery_info{namespace="shop",name="shop",ready="True",reason="Succeeded",suspended="false"} 1\n`
      )
      assert.include(answer.text, `name="a \\"name\\"\\n",ready="True",`)
      names = ["other"]
      const later = yield* ground.scrape
      assert.include(later, `name="other"`)
      assert.notInclude(later, `name="shop"`)
    }))

  it.live("may be left out", () =>
    Effect.gen(function*() {
      const ground = yield* open({ metrics: undefined })
      assert.strictEqual((yield* ground.get("/healthz")).status, 200)
      assert.strictEqual((yield* ground.get("/metrics")).status, 404)
    }))
})

describe("Server", () => {
  it.live("says which address it cannot have", () =>
    Effect.gen(function*() {
      const ground = yield* open()
      const layer = Server.layer({
        http: { host: "127.0.0.1", port: ground.http },
        metrics: undefined,
        ready: Effect.succeed(true),
        hint: () => Effect.succeed(0)
      }).pipe(Layer.provide(Hooks.layer))
      const error = yield* Effect.flip(Layer.build(layer))
      assert.strictEqual(error.message, `cannot listen on 127.0.0.1:${ground.http}: it is in use`)
    }))

  it.live("listens on every address of the machine where none is given", () =>
    Effect.gen(function*() {
      const ground = yield* open({ http: { host: "", port: 0 } })
      assert.strictEqual((yield* ground.get("/healthz")).status, 200)
    }))

  it.live("closes at once though connections are kept open, and after the requests that are under way", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const [asked, answer] = [yield* Deferred.make<void>(), yield* Deferred.make<boolean>()]
      const ready = Effect.andThen(Deferred.succeed(asked, undefined), Deferred.await(answer))
      const ground = yield* Scope.provide(open({ ready, limits: { closing: 600_000, idle: 600_000 } }), scope)
      const agent = new Agent({ keepAlive: true })
      const ask = (path: string) =>
        new Promise<{ status: number; connection: string | undefined }>((resolve, reject) =>
          request({ port: ground.http, path, agent }, (response) => {
            response.resume().on(
              "end",
              () => resolve({ status: response.statusCode!, connection: response.headers.connection })
            )
          }).on("error", reject).end()
        )
      const slow = ask("/readyz")
      yield* Deferred.await(asked)
      assert.strictEqual((yield* Effect.promise(() => ask("/healthz"))).connection, "keep-alive")
      const closed = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      yield* Deferred.succeed(answer, true)
      assert.deepStrictEqual(yield* Effect.promise(() => slow), { status: 200, connection: "close" })
      yield* Fiber.join(closed)
      agent.destroy()
    }))

  it.live("closes though somebody never ends a request", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const ground = yield* Scope.provide(open({ limits: { closing: 50 } }), scope)
      const socket = connect(ground.http, "127.0.0.1")
      yield* Effect.promise(() => once(socket, "connect"))
      socket.on("error", () => undefined).write(
        "POST /hooks/gitlab HTTP/1.1\r\nHost: x\r\nX-Gitlab-Token: x\r\nContent-Length: 5\r\n\r\nab"
      )
      const closed = once(socket, "close")
      // The server has this connection when it answers the next.
      assert.strictEqual((yield* ground.get("/healthz")).status, 200)
      yield* Scope.close(scope, Exit.void)
      yield* Effect.promise(() => closed)
    }))
})
