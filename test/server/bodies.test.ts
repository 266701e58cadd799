import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { request } from "node:http"
import { dial, type Ground, isAlive, openShop } from "./Ground.ts"
import { push, secret, senders } from "./webhooks.ts"

const MiB = 1_048_576

/** Sends a body piece by piece until all is sent or the server has had enough; the status that it answered. */
const upload = (ground: Ground, pieces: Iterable<Buffer>, headers: object = {}): Effect.Effect<number> =>
  Effect.promise(() =>
    new Promise((resolve) => {
      const sent = request({
        host: "127.0.0.1",
        port: ground.http,
        path: "/hooks/gitlab",
        method: "POST",
        agent: false,
        headers: { "x-gitlab-token": secret, ...headers as Record<string, string> }
      })
      let status = 0
      sent.on("response", (response) => status = response.resume().statusCode!)
      sent.on("error", () => undefined).on("close", () => resolve(status))
      const left = pieces[Symbol.iterator]()
      const more = (): void => {
        for (let next = left.next(); !sent.destroyed; next = left.next()) {
          if (next.done === true) return void sent.end()
          if (!sent.write(next.value)) return void sent.once("drain", more)
        }
      }
      more()
    })
  )

function* repeated(piece: Buffer, count: number): Generator<Buffer> {
  for (let index = 0; index < count; index++) yield piece
}

describe("bodies", () => {
  it.live("of 60 MB are refused, their length told or not, and never kept", () =>
    Effect.gen(function*() {
      const ground = yield* openShop()
      const piece = Buffer.alloc(65_536, 0x61)
      // Who still sends when the server hangs up may lose the answer.
      const refused = [413, 0]
      assert.include(refused, yield* upload(ground, repeated(piece, 960)))
      const before = process.memoryUsage()
      for (let round = 0; round < 3; round++) {
        assert.include(refused, yield* upload(ground, repeated(piece, 960)))
        const told = { "content-length": String(960 * 65_536) }
        assert.include(refused, yield* upload(ground, repeated(piece, 960), told))
      }
      const after = process.memoryUsage()
      assert.isBelow(after.rss - before.rss, 64 * MiB)
      yield* isAlive(ground)
    }), 60_000)

  it.live("of exactly 1 MiB are read, and not one byte more", () =>
    Effect.gen(function*() {
      const ground = yield* openShop()
      const body = push + " ".repeat(MiB - Buffer.byteLength(push))
      assert.strictEqual((yield* ground.post("/hooks/gitlab", senders.gitlab(body, secret), body)).status, 202)
      assert.strictEqual((yield* ground.post("/hooks/gitlab", senders.gitlab(body, secret), `${body} `)).status, 413)
    }))

  it.live("without an end are cut", () =>
    Effect.gen(function*() {
      const ground = yield* openShop({ limits: { drained: 4 * MiB } })
      assert.strictEqual(yield* upload(ground, repeated(Buffer.alloc(65_536, 0x61), Infinity)), 413)
      yield* isAlive(ground)
    }))

  it.live("in pieces of one byte cost no more than others", () =>
    Effect.gen(function*() {
      const ground = yield* openShop({ limits: { drained: 4 * MiB } })
      const { closed, socket } = yield* dial(ground)
      socket.write("POST /hooks/gitlab HTTP/1.1\r\nHost: x\r\nX-Gitlab-Token: x\r\nTransfer-Encoding: chunked\r\n\r\n")
      const pieces = "1\r\na\r\n".repeat(100_000)
      socket.on("drain", () => socket.write(pieces)).write(pieces)
      assert.include(yield* Effect.promise(() => closed), "413 Payload Too Large")
      yield* isAlive(ground)
    }))

  it.live("are read up to a sum; who comes on top is asked to come again", () =>
    Effect.gen(function*() {
      const ground = yield* openShop({ limits: { bodies: 65_536 } })
      for (let round = 0; round < 3; round++) {
        const answer = yield* ground.post("/hooks/gitlab", senders.gitlab("", secret), " ".repeat(100_000))
        assert.deepStrictEqual([answer.status, answer.headers["retry-after"]], [503, "1"])
        yield* isAlive(ground)
      }
    }))

  it.live("of garbage that claims a signature leave no memory behind", () =>
    Effect.gen(function*() {
      const generous = { capacity: 1e6, perSecond: 1e6 }
      const ground = yield* openShop({ limits: { ofOne: generous, ofAll: generous } })
      const body = `{"project":{"web_url":"https://gitlab.example.com/acme/shop"},"x":"${"a".repeat(900_000)}"}`
      const rounds = (count: number) =>
        Effect.forEach(
          Array.from({ length: count }),
          () => Effect.map(ground.post("/hooks/gitlab", senders.gitlab(body, "wrong"), body), ({ status }) => status),
          { concurrency: 8 }
        )
      yield* rounds(30)
      const before = process.memoryUsage().rss
      assert.isTrue((yield* rounds(200)).every((status) => status === 401))
      assert.isBelow(process.memoryUsage().rss - before, 150 * MiB)
      yield* isAlive(ground)
    }), 60_000)
})
