import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"
import { connect } from "node:net"
import { dial, isAlive, openShop } from "./Ground.ts"
import { push, secret, senders } from "./webhooks.ts"

describe("connections", () => {
  const quick = { headers: 100, request: 200 }

  it.live("that say nothing, or say it slowly, are closed", () =>
    Effect.gen(function*() {
      const ground = yield* openShop({ limits: quick })
      const starts = [
        "",
        "P",
        "POST /hooks/gitlab HTTP/1.1\r\nHost: x\r\n",
        "POST /hooks/gitlab HTTP/1.1\r\nHost: x\r\nX-Gitlab-Token: x\r\nContent-Length: 100\r\n\r\n{",
        "POST /hooks/gitlab HTTP/1.1\r\nHost: x\r\nX-Gitlab-Token: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n"
      ]
      const slow = yield* Effect.forEach(Array.from({ length: 100 }), (_, index) =>
        Effect.tap(dial(ground), ({ socket }) =>
          Effect.sync(() => socket.write(starts[index % starts.length]!))))
      yield* isAlive(ground)
      const texts = yield* Effect.promise(() =>
        Promise.all(slow.map(({ closed }) => closed))
      )
      assert.isTrue(texts.every((text) => text === "" || text.includes(" 408 ")), texts.join("\n"))
      yield* isAlive(ground)
    }))

  it.live("that drip a byte at a time are closed as soon", () =>
    Effect.gen(function*() {
      const ground = yield* openShop({ limits: quick })
      const { closed, socket } = yield* dial(ground)
      const drip = setInterval(() => socket.write("X"), 5)
      yield* Effect.promise(() => closed)
      clearInterval(drip)
    }))

  it.live("whose sender hangs up without waiting for an answer are heard", () =>
    Effect.gen(function*() {
      const ground = yield* openShop()
      const { socket } = yield* dial(ground)
      const headers = Object.entries(senders.gitlab(push, secret)).map(([name, value]) => `${name}: ${value}\r\n`).join(
        ""
      )
      const head = `POST /hooks/gitlab HTTP/1.1\r\nHost: x\r\nContent-Length: ${
        Buffer.byteLength(push)
      }\r\n${headers}\r\n`
      socket.write(head + push, () => socket.destroy())
      assert.strictEqual(yield* ground.hinted, "gitlab.example.com/acme/shop")
    }))

  it.live("are so many of one address and no more", () =>
    Effect.gen(function*() {
      const ground = yield* openShop({ limits: { connectionsOfOne: 5 } })
      const held = yield* Effect.forEach(Array.from({ length: 5 }), () => dial(ground))
      const sixth = yield* dial(ground)
      assert.strictEqual(yield* Effect.promise(() => sixth.closed), "")
      held[0]!.socket.write("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
      assert.include(yield* Effect.promise(() => held[0]!.closed), "200 OK")
      yield* isAlive(ground)
      for (const { socket } of held) socket.destroy()
    }))

  it.live("by the thousand leave the server as it was", () =>
    Effect.gen(function*() {
      const ground = yield* openShop()
      yield* Effect.forEach(
        Array.from({ length: 2_000 }),
        (_, index) =>
          Effect.promise(async () => {
            const socket = connect(ground.http, "127.0.0.1")
            socket.on("error", () => undefined)
            const closed = new Promise((resolve) => socket.once("close", resolve))
            socket.end(index % 2 === 0 ? randomBytes(200) : `GET /healthz HTTP/1.1\r\nHost: x\r\n${index}\r\n\r\n`)
            socket.resume()
            await closed
          }),
        { concurrency: 64, discard: true }
      )
      yield* isAlive(ground)
    }), 60_000)
})
