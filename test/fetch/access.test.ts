import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { createServer } from "node:net"
import { RedactedValues, Redactions } from "../../src/domain/redact.ts"
import { classOf, type FetchError, hintOf } from "../../src/domain/StageError.ts"
import { Fetch } from "../../src/fetch/Fetch.ts"
import { startProxy } from "../support/git/proxy.ts"
import type { GitServer } from "../support/GitServer.ts"
import { delivery, fetchLayer, gitServer, noProxy, secrets, textOf } from "./harness.ts"

const canary = "canary-7f3a9c-s3cr3t"
const basic = { username: "deploy", password: canary }
const withSecrets = (byName: Parameters<typeof secrets>[0]) => Layer.merge(fetchLayer(), secrets(byName))

const shopOf = (server: GitServer) =>
  Effect.promise(async () => {
    const shop = await server.repository("shop")
    await shop.commit({ a: "1" }, "First")
    return shop
  })
const readA = (git: Record<string, unknown>) =>
  Effect.scoped(
    Effect.gen(function*() {
      const artifact = yield* (yield* Fetch).fetch(delivery({ branch: "main", ...git }))
      return textOf(yield* artifact.read(["a"])).join()
    }).pipe(Effect.catchTag("UnsafePath", Effect.die))
  )
const refused = (git: Record<string, unknown>) => Effect.flip(readA(git))
const told = (error: FetchError) => `${error._tag}/${classOf(error)}: ${error.message} | ${hintOf(error)}`

describe("Fetch, access", () => {
  it.live("gives basic credentials and bearer tokens, over plain http only where that is allowed", () =>
    Effect.gen(function*() {
      const server = yield* gitServer({ basic, bearer: `token-${canary}` })
      const { url } = yield* shopOf(server)
      assert.strictEqual(yield* readA({ url, secretRef: { name: "basic" }, insecure: true }), "1")
      assert.strictEqual(yield* readA({ url, secretRef: { name: "bearer" }, insecure: true }), "1")
      server.requests.length = 0
      const error = yield* refused({ url, secretRef: { name: "basic" } })
      assert.strictEqual(error._tag, "InvalidSpec")
      assert.match(told(error), /plain http.*insecure: true/u)
      assert.lengthOf(server.requests, 0)
    }).pipe(Effect.provide(withSecrets({ basic, bearer: { bearerToken: `token-${canary}\n` } }))))

  it.live("tells credentials that are missing from credentials that are wrong, and repeats none", () =>
    Effect.gen(function*() {
      const server = yield* gitServer({ basic: { username: "deploy", password: "right" } })
      const { url } = yield* shopOf(server)
      const none = yield* refused({ url })
      assert.strictEqual(none._tag, "AuthFailed")
      assert.match(
        told(none),
        /AuthFailed\/stalled: .*asks for credentials, and none are given \(401: HTTP Basic: Access denied\)/u
      )
      const wrong = yield* refused({ url, secretRef: { name: "wrong" }, insecure: true })
      assert.match(told(wrong), /AuthFailed\/stalled: .*refuses the credentials.*Secret "wrong"/u)
      server.behaviour.answer = {
        status: 403,
        body: `no, ${canary}, ${Buffer.from(`deploy:${canary}`).toString("base64")}\u001b[31m`
      }
      const echoed = yield* refused({ url, secretRef: { name: "wrong" }, insecure: true })
      for (const error of [none, wrong, echoed]) {
        assert.notInclude(JSON.stringify(error) + String(error) + (error.stack ?? ""), canary)
        assert.notInclude(told(error), Buffer.from(`deploy:${canary}`).toString("base64"))
      }
      // Cut at 200 characters, in the middle of the token.
      server.behaviour.answer = { status: 403, body: `${"x".repeat(190)}${canary}` }
      assert.notInclude(
        told(yield* refused({ url, secretRef: { name: "wrong" }, insecure: true })),
        canary.slice(0, 8)
      )
      const redactions = yield* Redactions
      assert.strictEqual(
        redactions.redact(`${canary} ${Buffer.from(`deploy:${canary}`).toString("base64")}`),
        "(redacted) (redacted)",
        "nor does anything else tell it later"
      )
      const absent = yield* refused({ url, secretRef: { name: "absent" } })
      assert.match(told(absent), /InvalidSpec\/stalled: .*there is no Secret "absent"/u)
    }).pipe(
      Effect.provide(withSecrets({ wrong: basic })),
      Effect.provideService(Redactions, new RedactedValues())
    ))

  it.live("trusts an authority of its own only where the Secret names it", () =>
    Effect.gen(function*() {
      const server = yield* gitServer({ tls: true, basic })
      const { url } = yield* shopOf(server)
      const layer = withSecrets({ ca: { ...basic, "ca.crt": server.certificateAuthority! }, basic })
      yield* Effect.gen(function*() {
        assert.strictEqual(yield* readA({ url, secretRef: { name: "ca" } }), "1")
        server.requests.length = 0
        const error = yield* refused({ url, secretRef: { name: "basic" } })
        assert.match(told(error), /FetchFailed\/stalled: .*does not prove over TLS who it is \(.*ca\.crt/u)
        assert.lengthOf(server.requests, 0)
      }).pipe(Effect.provide(layer))
    }))

  it.live("goes through the proxy, for https by a tunnel, and round it where NO_PROXY says so", () =>
    Effect.gen(function*() {
      const proxy = yield* Effect.acquireRelease(Effect.promise(startProxy), ({ stop }) => Effect.promise(stop))
      const secure = yield* gitServer({ tls: true })
      const plain = yield* gitServer()
      const there = { https: yield* shopOf(secure), http: yield* shopOf(plain) }
      const secret = secrets({ ca: { "ca.crt": secure.certificateAuthority! } })
      const through = Layer.merge(fetchLayer({ proxy: { http: proxy.url, https: proxy.url, none: "" } }), secret)
      yield* Effect.gen(function*() {
        assert.strictEqual(yield* readA({ url: there.https.url, secretRef: { name: "ca" } }), "1")
        assert.include(proxy.asked, `CONNECT ${new URL(secure.url).host}`)
        assert.strictEqual(yield* readA({ url: there.http.url }), "1")
        assert.isTrue(proxy.asked.some((line) => line.startsWith(`GET ${there.http.url}/info/refs`)))
      }).pipe(Effect.provide(through))
      proxy.asked.length = 0
      const round = fetchLayer({ proxy: { http: proxy.url, https: proxy.url, none: "127.0.0.1" } })
      assert.strictEqual(yield* Effect.provide(readA({ url: there.http.url }), Layer.merge(round, secret)), "1")
      assert.deepStrictEqual(proxy.asked, [])
    }))

  it.live("follows redirects on the same host, and never to another one", () =>
    Effect.gen(function*() {
      const server = yield* gitServer({ basic })
      const other = yield* gitServer()
      const { url } = yield* shopOf(server)
      const git = { secretRef: { name: "basic" }, insecure: true }
      server.behaviour.intercept = (request, response) => {
        const moved = request.url?.startsWith("/old/") === true ? request.url.replace("/old/", "/") : undefined
        if (moved !== undefined) response.writeHead(301, { location: moved }).end()
        return moved !== undefined
      }
      assert.strictEqual(yield* readA({ ...git, url: url.replace("/shop", "/old/shop") }), "1")

      server.behaviour.intercept = (request, response) => {
        response.writeHead(302, { location: `${other.url}${request.url}` }).end()
        return true
      }
      const error = yield* refused({ ...git, url })
      assert.match(
        told(error),
        /FetchFailed\/stalled: .*redirects to http.*another host is never followed.*set source\.git\.url/u
      )
      assert.lengthOf(other.requests, 0)

      server.behaviour.intercept = (request, response) => {
        response.writeHead(302, { location: request.url }).end()
        return true
      }
      assert.match(told(yield* refused({ ...git, url })), /redirects without end/u)
    }).pipe(Effect.provide(withSecrets({ basic }))))

  it.live("never goes from https to http", () =>
    Effect.gen(function*() {
      const server = yield* gitServer({ tls: true })
      const { url } = yield* shopOf(server)
      server.behaviour.intercept = (request, response) => {
        response.writeHead(302, { location: `http://${request.headers.host}${request.url}` }).end()
        return true
      }
      const error = yield* refused({ url, secretRef: { name: "ca" } }).pipe(
        Effect.provide(withSecrets({ ca: { "ca.crt": server.certificateAuthority! } }))
      )
      assert.match(told(error), /another host is never followed|redirects/u)
      assert.lengthOf(server.requests, 1)
    }))

  it.live("says what is wrong in words that help", () =>
    Effect.gen(function*() {
      const server = yield* gitServer()
      const { branch, head, url } = yield* shopOf(server)
      yield* Effect.promise(async () => branch("production", await head()))
      assert.match(
        told(yield* refused({ url, branch: "prodcution" })),
        /FetchFailed\/stalled: .*has no branch "prodcution" \| Did you mean "production"\?/u
      )
      assert.match(told(yield* refused({ url, tag: "v1" })), /stalled: .*has no tags/u)
      assert.match(
        told(yield* refused({ url, commit: "0".repeat(39) + "1" })),
        /stalled: .*the Git server says: .*not our ref/u
      )
      assert.match(
        told(yield* refused({ url: `${server.url}/none.git` })),
        /stalled: there is no Git repository at .*none\.git \(404/u
      )
      const empty = yield* Effect.promise(() => server.repository("empty"))
      assert.match(told(yield* refused({ url: empty.url })), /stalled: .*has no branches: is it empty\?/u)

      server.behaviour.answer = { status: 200, headers: { "content-type": "text/html" }, body: "<html>Sign in</html>" }
      assert.match(
        told(yield* refused({ url: `${server.url}/page.git` })),
        /stalled: .*is not a Git repository: it answers with text\/html/u
      )
      server.behaviour.answer = { status: 429, headers: { "retry-after": "17" }, body: "slow down" }
      const busy = yield* refused({ url: `${server.url}/busy.git` })
      assert.match(told(busy), /transient: .*answers 429: slow down/u)
      assert.strictEqual(busy.retryAfter, 17_000)

      const port = yield* Effect.promise(() =>
        new Promise<number>((resolve) => {
          const socket = createServer().listen(0, "127.0.0.1", () => {
            const address = socket.address()
            socket.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
          })
        })
      )
      assert.match(
        told(yield* refused({ url: `http://127.0.0.1:${port}/shop.git` })),
        /transient: cannot reach http:\/\/127\.0\.0\.1:\d+: the connection was refused \(ECONNREFUSED\)/u
      )
      assert.match(
        told(yield* refused({ url: "http://nowhere.invalid/shop.git" })),
        /cannot reach http:\/\/nowhere\.invalid: .*\((ENOTFOUND|EAI_AGAIN)\)/u
      )
    }).pipe(Effect.provide(withSecrets({}))))

  it.live("gives up on a server that never answers", () =>
    Effect.gen(function*() {
      const server = yield* gitServer()
      const { url } = yield* shopOf(server)
      server.behaviour.intercept = () => true
      assert.match(
        told(yield* refused({ url })),
        /transient: .*no answer in time|transient: the Git server took too long/u
      )
    }).pipe(Effect.provide(Layer.merge(
      fetchLayer({ proxy: noProxy, timeouts: { listing: 200, download: 200 } }),
      secrets()
    ))))
})
