import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { follow, open, send } from "./Ground.ts"
import { senders } from "./webhooks.ts"

const url = "https://gitlab.example.com/acme/shop.git"
const repository = "gitlab.example.com/acme/shop"
const body = JSON.stringify({
  object_kind: "push",
  after: "1".repeat(40),
  ref: "refs/heads/main",
  project: { git_http_url: url, web_url: url }
})
const peer = (port: number) => `127.0.0.1:${port}`

/** Another replica that says what it was asked, and answers as it is told to, or never. */
const stranger = (status?: number) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly port: number; readonly asked: Array<string>; readonly stop: () => void }>((resume) => {
      const asked: Array<string> = []
      const server = createServer((request, response) => {
        asked.push(`${request.method} ${request.url} ${request.headers["sluice-relayed"]}`)
        if (status !== undefined) response.writeHead(status).end()
      })
      server.listen(0, "127.0.0.1", () => {
        const stop = () => {
          server.closeAllConnections()
          server.close()
        }
        resume(Effect.succeed({ port: (server.address() as AddressInfo).port, asked, stop }))
      })
    }),
    ({ stop }) => Effect.sync(stop)
  )

describe("a hook that comes in at one of several replicas", () => {
  it.live("is taken in where its Delivery is tended, and answered as there", () =>
    Effect.gen(function*() {
      const tending = yield* open()
      yield* follow(tending, repository, { token: "open-sesame" })
      const other = yield* open({ peers: () => [peer(tending.http)] })
      const taken = yield* other.post("/hooks/gitlab", senders.gitlab(body, "open-sesame"), body)
      assert.strictEqual(taken.status, 202)
      assert.strictEqual(yield* tending.hinted, repository)
      const refused = yield* other.post("/hooks/gitlab", senders.gitlab(body, "wrong"), body)
      assert.strictEqual(refused.status, 401)
    }))

  it.live("is told to the others also where it was taken in, and goes no further", () =>
    Effect.gen(function*() {
      const peers: Array<string> = []
      const [first, second] = [yield* open({ peers: () => peers }), yield* open({ peers: () => peers })]
      peers.push(peer(first.http), peer(second.http))
      yield* follow(first, repository, { token: "open-sesame" })
      yield* follow(second, repository, { token: "open-sesame" })
      const taken = yield* first.post("/hooks/gitlab/shop/shop", senders.gitlab(body, "open-sesame"), body)
      assert.strictEqual(taken.status, 202)
      assert.strictEqual(yield* first.hinted, repository)
      assert.strictEqual(yield* second.hinted, repository)
      const page = yield* second.scrape
      assert.match(page, /sluice_webhook_requests_total\{[^}]*code="202"[^}]*\} 1\n/u)
    }))

  it.live("is answered by who has it, whatever becomes of the others", () =>
    Effect.gen(function*() {
      const [refusing, silent] = [yield* stranger(401), yield* stranger()]
      const peers = () => [peer(refusing.port), peer(silent.port), "127.0.0.1:1", "no address"]
      const own = yield* open({ peers, limits: { relaying: 30_000 } })
      yield* follow(own, repository, { token: "open-sesame" })
      const began = performance.now()
      assert.strictEqual((yield* own.post("/hooks/gitlab", senders.gitlab(body, "open-sesame"), body)).status, 202)
      assert.isBelow(performance.now() - began, 10_000, "nobody is waited for")
      while (refusing.asked.length === 0) yield* Effect.sleep(5)
      assert.strictEqual(refusing.asked[0], "POST /hooks/gitlab 1")
    }))

  it.live("is never called wrong while a replica has not said so", () =>
    Effect.gen(function*() {
      const refusing = peer((yield* stranger(401)).port)
      const silent = peer((yield* stranger()).port)
      const [busy, broken] = [peer((yield* stranger(429)).port), peer((yield* stranger(500)).port)]
      const taking = peer((yield* stranger(202)).port)
      const answered = Effect.fnUntraced(function*(peers: ReadonlyArray<string>) {
        const own = yield* open({ peers: () => peers, limits: { relaying: 300 } })
        return yield* own.post("/hooks/gitlab", senders.gitlab(body, "unknown"), body)
      })
      assert.strictEqual((yield* answered([refusing, refusing])).status, 401)
      for (const peer of [silent, busy, broken, "127.0.0.1:1"]) {
        const { headers, status } = yield* answered([refusing, peer])
        assert.deepStrictEqual([status, headers["retry-after"]], [503, "5"], peer)
        assert.strictEqual((yield* answered([peer, taking])).status, 202)
      }
    }))

  it.live("is not kept out by what others have sent, here or to another replica", () =>
    Effect.gen(function*() {
      const limits = { ofOne: { capacity: 20, perSecond: 0.01 }, ofAll: { capacity: 25, perSecond: 0.01 } }
      const peers: Array<string> = []
      const tending = yield* open({ peers: () => peers, limits })
      yield* follow(tending, repository, { token: "open-sesame" })
      const other = yield* open({ peers: () => [peer(tending.http)], limits })
      peers.push(peer(other.http))
      const post = (port: number, from: string, token: string, more = {}) =>
        Effect.map(
          send(port, "/hooks/gitlab", {
            method: "POST",
            from,
            body,
            headers: { ...senders.gitlab(body, token, `${from} ${port}`), ...more }
          }),
          ({ status }) => status
        )
      const junk = yield* Effect.all(Array.from({ length: 23 }, () => post(other.http, "127.0.0.2", "junk")))
      assert.deepStrictEqual(junk, [...Array<number>(20).fill(401), 429, 429, 429])
      assert.strictEqual(yield* post(other.http, "127.0.0.3", "open-sesame"), 202)
      assert.strictEqual(yield* post(tending.http, "127.0.0.3", "open-sesame"), 202)
      // The header alone does not make a replica of anybody.
      const feigned = Array.from(
        { length: 22 },
        () => post(tending.http, "127.0.0.4", "junk", { "sluice-relayed": "1" })
      )
      assert.deepStrictEqual((yield* Effect.all(feigned)).slice(18), [401, 401, 429, 429])
    }))

  it.live("counts as being read for as long as it is handed on", () =>
    Effect.gen(function*() {
      const silent = yield* stranger()
      const limits = { bodies: 300_000, relaying: 1_000 }
      const own = yield* open({ peers: () => [peer(silent.port)], limits })
      yield* follow(own, repository, { token: "open-sesame" })
      const large = body + " ".repeat(100_000)
      const post = Effect.map(own.post("/hooks/gitlab", senders.gitlab(large, "open-sesame"), large), ({ status }) =>
        status)
      assert.deepStrictEqual(yield* Effect.all([post, post, post]), [202, 202, 503])
      yield* Effect.sleep(1_100)
      assert.strictEqual(yield* post, 202)
    }))

  it.live("is not handed on where nobody signed it, nor where too many are on their way", () =>
    Effect.gen(function*() {
      const silent = yield* stranger()
      const own = yield* open({ peers: () => [peer(silent.port)], limits: { relaying: 2_000, relays: 3 } })
      assert.strictEqual((yield* own.post("/hooks/gitlab", {}, body)).status, 401)
      assert.lengthOf(silent.asked, 0)
      const posts = Array.from({ length: 10 }, () => own.post("/hooks/gitlab", senders.gitlab(body, "wrong"), body))
      yield* Effect.all(posts, { concurrency: "unbounded" })
      assert.lengthOf(silent.asked, 3)
    }))
})
