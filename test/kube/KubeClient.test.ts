import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { chmodSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { type AddressInfo, connect } from "node:net"
import { join } from "node:path"
import { noFence } from "../../src/kube/Fence.ts"
import { Identity } from "../../src/kube/Identity.ts"
import { KubeClient, type KubeClientOptions, type KubeRequest } from "../../src/kube/KubeClient.ts"
import { answer, loopbackServer, refuse } from "./LoopbackServer.ts"

const get: KubeRequest = {
  asked: { verb: "get", resource: "configmaps" },
  method: "GET",
  path: "/api/v1/namespaces/shop/configmaps/x",
  idempotent: true
}
const post: KubeRequest = { ...get, method: "POST", idempotent: false, body: "{}", contentType: "application/json" }

const session = (file: string, options: Partial<KubeClientOptions> = {}, identity: Identity = Identity.Self()) =>
  Effect.flatMap(Effect.scope, (scope) =>
    Effect.map(
      Layer.buildWithScope(
        KubeClient.layer({ files: [file], fence: noFence, maskKey: new Uint8Array(32), ...options }).pipe(
          Layer.provide(NodeFileSystem.layer)
        ),
        scope
      ),
      (context) => Context.get(context, KubeClient).as(identity)
    ))

const token = { token: "token-3b1f" }
const path = (request: { readonly url: string }) => request.url

describe("KubeClient", () => {
  it.live("speaks HTTP/2 on one connection, as the identity it was made for", () =>
    Effect.gen(function*() {
      const server = yield* loopbackServer((_, response) => answer(response))
      const dana = yield* session(server.kubeconfig(token))
      const deployer = yield* session(
        server.kubeconfig(token),
        {},
        Identity.ServiceAccount({ namespace: "shop", name: "deployer" })
      )
      yield* Effect.all(Array.from({ length: 40 }, () => dana.request(get)), { concurrency: "unbounded" })
      yield* deployer.request(get)
      const first = server.requests[0]!
      const last = server.requests.at(-1)
      assert.strictEqual(first.httpVersion, "2.0")
      assert.strictEqual(first.headers.authorization, "Bearer token-3b1f")
      assert.isUndefined(first.headers["impersonate-user"])
      assert.strictEqual(last?.headers["impersonate-user"], "system:serviceaccount:shop:deployer")
      assert.lengthOf(new Set(server.requests.slice(0, 40).map(({ stream }) => stream.session?.socket.remotePort)), 1)
    }))

  it.live("tries again what is safe to try again: too many, in trouble, cut off", () =>
    Effect.gen(function*() {
      let count = 0
      const server = yield* loopbackServer((request, response) => {
        count++
        if (count === 1) refuse(response, 429, "TooManyRequests", "slow down", { "retry-after": "0" })
        else if (count === 2) refuse(response, 503, "ServiceUnavailable", "etcd has no leader")
        else if (count === 3) {
          response.writeHead(200).write("{\"half\":")
          request.stream.session?.destroy()
        } else answer(response)
      })
      const dana = yield* session(server.kubeconfig(token))
      assert.deepStrictEqual(yield* dana.request(get), { kind: "Good" })
      assert.lengthOf(server.requests, 4)
    }))

  it.live("does not send twice what may have happened once", () =>
    Effect.gen(function*() {
      const server = yield* loopbackServer((request, response) =>
        path(request).includes("reviews") ? answer(response) : refuse(response, 500, "InternalError", "etcd is slow")
      )
      const dana = yield* session(server.kubeconfig(token))
      const failure = yield* Effect.flip(dana.request(post))
      assert.strictEqual(failure.reason, "InternalError")
      assert.lengthOf(server.requests.filter((request) => !path(request).includes("reviews")), 1)
    }))

  it.live("leaves a longer Retry-After to the loop", () =>
    Effect.gen(function*() {
      const server = yield* loopbackServer((_, response) =>
        refuse(response, 429, "TooManyRequests", "slow down", { "retry-after": "60" })
      )
      const failure = yield* Effect.flip(Effect.flatMap(session(server.kubeconfig(token)), (dana) => dana.request(get)))
      assert.strictEqual(failure.retryAfter, 60_000)
    }))

  it.live("tells an unreachable cluster, with the tries", () =>
    Effect.gen(function*() {
      const server = yield* loopbackServer((_, response) => answer(response))
      const dana = yield* session(server.kubeconfig(token, { server: "https://127.0.0.1:1" }))
      const failure = yield* Effect.flip(dana.request(get))
      assert.strictEqual(failure.status, 0)
      assert.strictEqual(failure.reason, "ECONNREFUSED")
      assert.include(failure.detail, "no answer from https://127.0.0.1:1: ")
      assert.include(failure.detail, "(tried 4 times)")
    }))

  it.live("keeps headers and bodies out of errors, and asks once who it is", () =>
    Effect.gen(function*() {
      const server = yield* loopbackServer((request, response) => {
        if (path(request).endsWith("selfsubjectreviews")) {
          answer(response, { status: { userInfo: { username: "dana@example.com" } } })
        } else response.writeHead(403, { "content-type": "text/html" }).end("<html>token-3b1f body</html>")
      })
      const dana = yield* session(server.kubeconfig(token))
      const failures = [yield* Effect.flip(dana.request(get)), yield* Effect.flip(dana.request(get))]
      assert.strictEqual(failures[0]?.message, "get configmaps as dana@example.com: the server answered with HTTP 403")
      assert.notInclude(JSON.stringify(failures), "token-3b1f")
      assert.lengthOf(server.requests, 3)
    }))

  it.live("aborts a read at once when it is interrupted", () =>
    Effect.gen(function*() {
      const [asked, left] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const server = yield* loopbackServer((request) => {
        request.stream.on("close", () => Deferred.doneUnsafe(left, Effect.void))
        Deferred.doneUnsafe(asked, Effect.void)
      })
      const dana = yield* session(server.kubeconfig(token))
      const fiber = yield* Effect.forkChild(dana.request(get))
      yield* Deferred.await(asked)
      yield* Fiber.interrupt(fiber)
      yield* Deferred.await(left)
    }))

  it.live("holds its deadline where interruption does not reach", () =>
    Effect.gen(function*() {
      const server = yield* loopbackServer(() => {})
      const dana = yield* session(server.kubeconfig(token), { deadline: 100 })
      const failure = yield* Effect.flip(Effect.uninterruptible(dana.request(get)))
      assert.strictEqual(failure.reason, "DEADLINE")
    }))

  it.live("runs at most as many requests at once as it may", () =>
    Effect.gen(function*() {
      let running = 0
      let most = 0
      const server = yield* loopbackServer((_, response) => {
        most = Math.max(most, ++running)
        setImmediate(() => {
          running--
          answer(response)
        })
      })
      const dana = yield* session(server.kubeconfig(token), { concurrency: 5 })
      yield* Effect.all(Array.from({ length: 50 }, () => dana.request(get)), { concurrency: "unbounded" })
      assert.isAtMost(most, 5)
    }))

  it.effect(
    "reads a token file again, and runs a plugin again, when the server no longer knows the old one",
    () =>
      Effect.gen(function*() {
        let right = "first"
        const server = yield* loopbackServer((request, response) =>
          request.headers.authorization === `Bearer ${right}`
            ? answer(response)
            : refuse(response, 401, "Unauthorized", "Unauthorized")
        )
        const file = join(server.folder, "token")
        const plugin = join(server.folder, "plugin")
        const credential = { apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential" }
        writeFileSync(
          plugin,
          `#!/bin/sh\n[ -n "$KUBERNETES_EXEC_INFO" ] || exit 3\nprintf '%s' '${
            JSON.stringify(credential).slice(0, -1)
          },"status":{"token":"'$(cat ${file})'"}}'\n`
        )
        chmodSync(plugin, 0o700)
        const exec = { apiVersion: credential.apiVersion, command: plugin, interactiveMode: "Never" }
        for (const user of [{ tokenFile: "token" }, { exec }]) {
          right = "first"
          writeFileSync(file, "first\n")
          const dana = yield* session(server.kubeconfig(user), {})
          yield* dana.request(get)
          right = "second"
          writeFileSync(file, "second\n")
          yield* TestClock.adjust("6 seconds")
          yield* dana.request(get)
        }
      })
  )

  it.live("tells that a plugin failed, in one line", () =>
    Effect.gen(function*() {
      const server = yield* loopbackServer((_, response) => answer(response))
      const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "/nowhere/plugin" }
      const failure = yield* Effect.flip(
        Effect.flatMap(session(server.kubeconfig({ exec })), (dana) => dana.request(get))
      )
      assert.strictEqual(failure.reason, "KubeConfig")
      assert.include(failure.detail, "/nowhere/plugin ENOENT")
    }))

  it.live("repeats nothing that a plugin says", () =>
    Effect.gen(function*() {
      const server = yield* loopbackServer((_, response) => answer(response))
      const plugin = join(server.folder, "plugin")
      const exec = { apiVersion: "client.authentication.k8s.io/v1", command: plugin }
      for (const script of ["echo canary-token >&2; exit 1", "echo 'canary-token'", "echo '{\"canary-token\"'"]) {
        writeFileSync(plugin, `#!/bin/sh\n${script}\n`)
        chmodSync(plugin, 0o700)
        const failure = yield* Effect.flip(
          Effect.flatMap(session(server.kubeconfig({ exec })), (dana) => dana.request(get))
        )
        assert.include(failure.detail, `the plugin ${plugin} failed`)
        assert.notInclude(failure.message + failure.detail, "canary")
      }
    }))

  it.live("trusts the kubeconfig's authority and no other, unless told to", () =>
    Effect.gen(function*() {
      const server = yield* loopbackServer((_, response) => answer(response))
      const untrusting = yield* session(server.kubeconfig(token, {}))
      const failure = yield* Effect.flip(untrusting.request(get))
      assert.match(failure.reason, /^(SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_)/u)
      assert.notInclude(failure.detail, "tried")
      yield* Effect.flatMap(
        session(server.kubeconfig(token, { "insecure-skip-tls-verify": true })),
        (dana) => dana.request(get)
      )
      const authority = { "certificate-authority-data": Buffer.from(server.certificateAuthority).toString("base64") }
      yield* Effect.flatMap(
        session(server.kubeconfig(token, { ...authority, "tls-server-name": "localhost" })),
        (dana) => dana.request(get)
      )
      const wrong = yield* session(server.kubeconfig(token, { ...authority, "tls-server-name": "example.com" }))
      assert.strictEqual((yield* Effect.flip(wrong.request(get))).reason, "ERR_TLS_CERT_ALTNAME_INVALID")
    }))

  it.live("goes through a proxy", () =>
    Effect.gen(function*() {
      const server = yield* loopbackServer((_, response) => answer(response))
      const proxied: Array<string> = []
      const proxy = createServer().on("connect", (request, socket) => {
        proxied.push(request.url ?? "")
        const [host, port] = request.url!.split(":")
        const upstream = connect(Number(port), host!, () => {
          socket.write("HTTP/1.1 200 OK\r\n\r\n")
          socket.pipe(upstream).pipe(socket)
        })
        upstream.on("error", () => socket.destroy())
        socket.on("error", () => upstream.destroy())
      })
      yield* Effect.acquireRelease(
        Effect.promise(() => new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve))),
        () => Effect.sync(() => proxy.close())
      )
      const dana = yield* session(server.kubeconfig(token, {
        "certificate-authority-data": Buffer.from(server.certificateAuthority).toString("base64"),
        "proxy-url": `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
      }))
      yield* dana.request(get)
      assert.strictEqual(`https://${proxied[0]}`, server.url)
    }))
})
