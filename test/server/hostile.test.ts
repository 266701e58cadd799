import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { request } from "node:http"
import { connect, type Socket } from "node:net"
import { limits } from "../../src/server/limits.ts"
import { follow, type Ground, open, send } from "./Ground.ts"
import { fixture, senders } from "./webhooks.ts"

const secret = "a-secret-of-the-test"
const push = fixture("gitlab-push")
const MiB = 1_048_576

/** A connection that says what the test says; `text` is all that came back when it closed. */
const dial = (ground: Ground): Effect.Effect<{ readonly socket: Socket; readonly closed: Promise<string> }> =>
  Effect.promise(async () => {
    const socket = connect(ground.http, "127.0.0.1")
    let text = ""
    socket.on("error", () => undefined).setEncoding("utf8").on("data", (piece) => text += piece)
    const closed = new Promise<string>((resolve) => socket.once("close", () => resolve(text)))
    await once(socket, "connect")
    return { socket, closed }
  })

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

const isAlive = (ground: Ground) =>
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

const started = (options: Parameters<typeof open>[0] = {}) =>
  Effect.tap(open(options), (ground) => follow(ground, "gitlab.example.com/acme/shop", { token: secret }))

describe("bodies", () => {
  it.live("of 60 MB are refused, their length told or not, and never kept", () =>
    Effect.gen(function*() {
      const ground = yield* started()
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
      const ground = yield* started()
      const body = push + " ".repeat(MiB - Buffer.byteLength(push))
      assert.strictEqual((yield* ground.post("/hooks/gitlab", senders.gitlab(body, secret), body)).status, 202)
      assert.strictEqual((yield* ground.post("/hooks/gitlab", senders.gitlab(body, secret), `${body} `)).status, 413)
    }))

  it.live("without an end are cut", () =>
    Effect.gen(function*() {
      const ground = yield* started({ limits: { drained: 4 * MiB } })
      assert.strictEqual(yield* upload(ground, repeated(Buffer.alloc(65_536, 0x61), Infinity)), 413)
      yield* isAlive(ground)
    }))

  it.live("in pieces of one byte cost no more than others", () =>
    Effect.gen(function*() {
      const ground = yield* started({ limits: { drained: 4 * MiB } })
      const { closed, socket } = yield* dial(ground)
      socket.write("POST /hooks/gitlab HTTP/1.1\r\nHost: x\r\nX-Gitlab-Token: x\r\nTransfer-Encoding: chunked\r\n\r\n")
      const pieces = "1\r\na\r\n".repeat(100_000)
      socket.on("drain", () => socket.write(pieces)).write(pieces)
      assert.include(yield* Effect.promise(() => closed), "413 Payload Too Large")
      yield* isAlive(ground)
    }))

  it.live("are read up to a sum; who comes on top is asked to come again", () =>
    Effect.gen(function*() {
      const ground = yield* started({ limits: { bodies: 65_536 } })
      for (let round = 0; round < 3; round++) {
        const answer = yield* ground.post("/hooks/gitlab", senders.gitlab("", secret), " ".repeat(100_000))
        assert.deepStrictEqual([answer.status, answer.headers["retry-after"]], [503, "1"])
        yield* isAlive(ground)
      }
    }))

  it.live("of garbage that claims a signature leave no memory behind", () =>
    Effect.gen(function*() {
      const generous = { capacity: 1e6, perSecond: 1e6 }
      const ground = yield* started({ limits: { ofOne: generous, ofAll: generous } })
      const body = `{"project":{"web_url":"https://gitlab.example.com/acme/shop"},"x":"${"a".repeat(900_000)}"}`
      const rounds = (count: number) =>
        Effect.forEach(
          Array.from({ length: count }),
          () => Effect.map(ground.post("/hooks/gitlab", senders.gitlab(body, "wrong"), body), ({ status }) => status),
          { concurrency: 8 }
        )
      yield* rounds(30)
      const before = process.memoryUsage().rss
      assert.isTrue((yield* rounds(100)).every((status) => status === 401))
      assert.isBelow(process.memoryUsage().rss - before, 100 * MiB)
      yield* isAlive(ground)
    }), 60_000)
})

describe("connections", () => {
  const quick = { headers: 100, request: 200 }

  it.live("that say nothing, or say it slowly, are closed", () =>
    Effect.gen(function*() {
      const ground = yield* started({ limits: quick })
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
      const ground = yield* started({ limits: quick })
      const { closed, socket } = yield* dial(ground)
      const drip = setInterval(() => socket.write("X"), 5)
      yield* Effect.promise(() => closed)
      clearInterval(drip)
    }))

  it.live("whose sender hangs up without waiting for an answer are heard", () =>
    Effect.gen(function*() {
      const ground = yield* started()
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
      const ground = yield* started({ limits: { connectionsOfOne: 5 } })
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
      const ground = yield* started()
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

describe("rates", () => {
  it.live("of hooks have a limit for each address, and probes have none", () =>
    Effect.gen(function*() {
      const ground = yield* started({ limits: { ofOne: { capacity: 3, perSecond: 0.01 } } })
      for (let index = 0; index < 3; index++) {
        assert.strictEqual((yield* ground.post("/hooks/gitlab", {}, "")).status, 401)
      }
      const answer = yield* ground.post("/hooks/gitlab", senders.gitlab(push, secret), push)
      assert.strictEqual(answer.status, 429)
      assert.isAtLeast(Number(answer.headers["retry-after"]), 90)
      for (let index = 0; index < 20; index++) {
        assert.strictEqual((yield* ground.get("/healthz")).status, 200)
      }
      assert.include(yield* ground.scrape, `sluice_webhook_requests_total{source="gitlab",code="429"} 1`)
    }))

  it.live("of hooks have a limit for all together", () =>
    Effect.gen(function*() {
      const ground = yield* started({ limits: { ofAll: { capacity: 2, perSecond: 0.01 } } })
      const statuses = yield* Effect.forEach([1, 2, 3], () => ground.post("/hooks/gitlab", {}, ""))
      assert.deepStrictEqual(statuses.map(({ status }) => status), [401, 401, 429])
    }))

  it.live("of hooks count large bodies as many", () =>
    Effect.gen(function*() {
      const ground = yield* started({ limits: { ofOne: { capacity: 20, perSecond: 0.01 } } })
      const body = push + " ".repeat(900_000)
      assert.strictEqual((yield* ground.post("/hooks/gitlab", senders.gitlab(body, "wrong", "a"), body)).status, 401)
      const statuses = yield* Effect.forEach(
        Array.from({ length: 8 }),
        () => Effect.map(ground.post("/hooks/gitlab", {}, ""), ({ status }) => status)
      )
      assert.deepStrictEqual(statuses, [401, 401, 401, 401, 401, 401, 429, 429])
    }))

  it.live("of log lines have one too", () =>
    Effect.gen(function*() {
      const ground = yield* started()
      yield* Effect.forEach(Array.from({ length: 60 }), () => ground.post("/hooks/gitlab", {}, ""), { concurrency: 8 })
      const lines = ground.logs.filter((line) => line.includes("webhook refused"))
      assert.strictEqual(lines.length, 60)
      assert.isAtMost(lines.filter((line) => !line.includes("level=DEBUG")).length, 40)
    }))
})

describe("secrets", () => {
  it.live("show up in no answer, log or metric, however they came", () =>
    Effect.gen(function*() {
      const canary = `canary-${randomBytes(12).toString("hex")}`
      const ground = yield* open({ hint: () => Effect.die("no luck") })
      yield* follow(ground, "gitlab.example.com/acme/shop", { token: canary, signingToken: `${canary}-signs` })
      const texts: Array<string> = []
      const keep = (answer: { readonly text: string; readonly headers: object }) =>
        Effect.sync(() => texts.push(answer.text, JSON.stringify(answer.headers)))
      const bodies = [
        push,
        push.replace("Raise", canary),
        canary,
        `{"object_kind":"${canary}"}`,
        "{}",
        `{"after":{"${canary}":1}}`,
        push.replace("refs/heads/main", canary)
      ]
      for (const body of bodies) {
        for (
          const provider of [
            "gitlab",
            "github",
            "gitea",
            "bitbucket",
            "generic",
            "gitlab/shop/shop",
            canary,
            `gitlab/${canary}/x`
          ]
        ) {
          for (
            const headers of [
              senders.gitlab(body, canary, randomBytes(8).toString("hex")),
              senders.gitlab(body, canary, `the id of ${canary}`),
              {
                "x-gitlab-token": `${canary}x`,
                "x-gitlab-event-uuid": "1",
                cookie: canary,
                authorization: `Bearer ${canary}`
              },
              { "x-hub-signature-256": canary, "x-github-event": canary, "user-agent": canary },
              { "x-hub-signature": canary, "x-gitea-signature": canary, "x-signature": `sha256=${canary}` }
            ]
          ) {
            yield* Effect.flatMap(
              send(ground.http, `/hooks/${provider}?token=${canary}`, { method: "POST", headers, body }),
              keep
            )
          }
        }
      }
      const told = [...texts, ...ground.logs, yield* ground.scrape].join("\n")
      assert.include(told, "accepted")
      assert.include(told, "webhook refused")
      assert.include(told, "a webhook's hint crashed")
      assert.notInclude(told, canary)
      assert.notInclude(told, "Dana")
    }), 60_000)
})

it("has limits that fit together", () => {
  assert.isAtMost(limits.headers, limits.request)
  assert.isBelow(limits.connectionsOfOne, limits.connections)
  assert.isAtLeast(limits.bodies, 8 * limits.body)
})
