import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { LeaseFence, momentOf } from "../../src/kube/Fence.ts"
import { Identity } from "../../src/kube/Identity.ts"
import { KubeClient, type KubeRequest } from "../../src/kube/KubeClient.ts"
import { answer, loopbackServer, refuse } from "./LoopbackServer.ts"

const duration = 4_000

describe("LeaseFence", () => {
  it.effect("is open for three quarters of the Lease from when its renewal was sent", () =>
    Effect.gen(function*() {
      const [clock, fence] = [yield* Clock.Clock, new LeaseFence()]
      assert.isUndefined(fence.left(clock))
      const sent = momentOf(clock)
      yield* TestClock.adjust(500)
      fence.hold(sent, duration, clock)
      assert.strictEqual(fence.left(clock), 3_000)
      yield* TestClock.adjust(2_499)
      assert.strictEqual(fence.left(clock), 501)
      yield* TestClock.adjust(1)
      assert.isUndefined(fence.left(clock))
      fence.hold(momentOf(clock), duration, clock)
      assert.strictEqual(fence.left(clock), 3_500)
      fence.close()
      assert.isUndefined(fence.left(clock))
    }))

  it.effect("is closed by the clock that says more: a machine that was paused may not know by the other", () =>
    Effect.gen(function*() {
      const [clock, fence] = [yield* Clock.Clock, new LeaseFence()]
      fence.hold(momentOf(clock), duration, clock)
      const later: Clock.Clock = { ...clock, currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + 3_000 }
      assert.isUndefined(fence.left(later))
      const earlier: Clock.Clock = { ...clock, currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() - 60_000 }
      assert.strictEqual(fence.left(earlier), 3_500)
    }))

  it.effect("tells who waits that it is open again", () =>
    Effect.gen(function*() {
      const [clock, fence] = [yield* Clock.Clock, new LeaseFence()]
      const passing = yield* Effect.forkChild(fence.passed, { startImmediately: true })
      const reopening = yield* Effect.forkChild(fence.reopened(), { startImmediately: true })
      fence.hold(momentOf(clock), duration, clock)
      yield* Fiber.join(passing)
      yield* Fiber.join(reopening)
      const next = fence.reopened()
      // A renewal in time opens nothing.
      fence.hold(momentOf(clock), duration, clock)
      const waiting = yield* Effect.forkChild(next, { startImmediately: true })
      yield* Effect.yieldNow
      assert.isUndefined(waiting.pollUnsafe())
      yield* TestClock.adjust(duration)
      fence.hold(momentOf(clock), duration, clock)
      yield* Fiber.join(waiting)
    }))
})

const change: KubeRequest = {
  asked: { verb: "patch", resource: "configmaps" },
  method: "PATCH",
  path: "/api/v1/namespaces/shop/configmaps/x",
  query: { fieldManager: "sluice" },
  body: "{}",
  contentType: "application/apply-patch+yaml",
  idempotent: true
}
const look: KubeRequest = { asked: change.asked, method: "GET", path: change.path, idempotent: true }
const dryRun: KubeRequest = { ...change, query: { dryRun: "All" } }

const clientOf = (file: string, fence: LeaseFence) =>
  Effect.flatMap(Effect.scope, (scope) =>
    Effect.map(
      Layer.buildWithScope(
        KubeClient.layer({ files: [file], maskKey: new Uint8Array(32), fence, userAgent: "sluice/1 (a)" }).pipe(
          Layer.provide(NodeFileSystem.layer)
        ),
        scope
      ),
      (context) => Context.get(context, KubeClient)
    ))

describe("a client with a fence", () => {
  it.live("sends no change while it is closed, and says so; who looks may look", () =>
    Effect.gen(function*() {
      const [clock, fence] = [yield* Clock.Clock, new LeaseFence()]
      const server = yield* loopbackServer((_, response) => answer(response))
      const client = yield* clientOf(server.kubeconfig({ token: "x" }), fence)
      const session = client.as(Identity.Self())
      yield* session.request(look)
      yield* session.request(dryRun)
      const refused = yield* Effect.flip(session.request(change))
      assert.strictEqual(refused.reason, "Fenced")
      assert.strictEqual(refused.status, 0)
      assert.match(refused.message, /does not hold its Lease now/u)
      assert.lengthOf(server.requests, 2)

      fence.hold(momentOf(clock), 20_000, clock)
      yield* session.request(change)
      const { searchParams } = new URL(server.requests.at(-1)!.url, "https://x")
      assert.match(searchParams.get("timeout")!, /^1[67]\d{3}ms$/u)
      assert.strictEqual(searchParams.get("fieldManager"), "sluice")
      assert.strictEqual(server.requests.at(-1)!.headers["user-agent"], "sluice/1 (a)")
      assert.isNull(new URL(server.requests[1]!.url, "https://x").searchParams.get("timeout"))
    }))

  it.live("asks it again before each try, and waits for what is on its way", () =>
    Effect.gen(function*() {
      const [clock, fence] = [yield* Clock.Clock, new LeaseFence()]
      const seen = { count: 0, answered: 0 }
      const server = yield* loopbackServer((_, response) => {
        seen.count++
        // It is lost while the server fails.
        fence.close()
        setTimeout(() => {
          seen.answered++
          refuse(response, 500, "InternalError", "no")
        }, 100)
      })
      const client = yield* clientOf(server.kubeconfig({ token: "x" }), fence)
      fence.hold(momentOf(clock), 20_000, clock)
      const refused = yield* Effect.flip(client.as(Identity.Self()).request(change))
      assert.strictEqual(refused.reason, "Fenced")
      assert.strictEqual(seen.count, 1)

      fence.hold(momentOf(clock), 20_000, clock)
      const asking = yield* Effect.forkChild(Effect.exit(client.as(Identity.Self()).request(change)))
      while (seen.count < 2) yield* Effect.sleep(5)
      yield* Fiber.interrupt(asking)
      assert.strictEqual(seen.answered, 2, "it was answered before the interruption was over")
    }))

  it.live("lets Leases by, and nothing else with them", () =>
    Effect.gen(function*() {
      const server = yield* loopbackServer((_, response) => answer(response))
      const client = yield* clientOf(server.kubeconfig({ token: "x" }), new LeaseFence())
      yield* client.leases.request({ ...change, path: "/apis/coordination.k8s.io/v1/namespaces/x/leases/y" })
      const exit = yield* Effect.exit(client.leases.request(change))
      assert.strictEqual(exit._tag, "Failure")
      assert.lengthOf(server.requests, 1)
    }))

  it.live("does not send what waited for a connection until it was too late", () =>
    Effect.gen(function*() {
      const [clock, fence] = [yield* Clock.Clock, new LeaseFence()]
      const server = yield* loopbackServer((_, response) => answer(response))
      const client = yield* clientOf(server.kubeconfig({ token: "x" }), fence)
      fence.hold(momentOf(clock), 20_000, clock)
      const asking = yield* Effect.forkChild(Effect.flip(client.as(Identity.Self()).request(change)))
      // The kubeconfig is read and the connection opened meanwhile.
      let isAsked = false
      const left = fence.left.bind(fence)
      fence.left = (clock) => {
        if (isAsked) fence.close()
        isAsked = true
        return left(clock)
      }
      const refused = yield* Fiber.join(asking)
      assert.strictEqual(refused.reason, "Fenced")
      assert.lengthOf(server.requests, 0)
    }))

  it.live("sends no body where it is lost while the headers go", () =>
    Effect.gen(function*() {
      const [clock, fence] = [yield* Clock.Clock, new LeaseFence()]
      const bodies: Array<string> = []
      const server = yield* loopbackServer((request, response) => {
        let body = ""
        request.setEncoding("utf8").on("data", (piece: string) => body += piece).on("end", () => {
          bodies.push(body)
          if (body === change.body) answer(response)
          else refuse(response, 400, "BadRequest", "unexpected end")
        })
      })
      const client = yield* clientOf(server.kubeconfig({ token: "x" }), fence)
      const session = client.as(Identity.Self())
      fence.hold(momentOf(clock), 20_000, clock)
      yield* session.request(change)
      let asked = 0
      const left = fence.left.bind(fence)
      fence.left = (clock) => {
        // Before it goes, when there is a connection, and when its headers have gone.
        if (++asked === 3) fence.close()
        return left(clock)
      }
      const refused = yield* Effect.flip(session.request(change))
      assert.strictEqual(refused.reason, "Fenced")
      assert.deepStrictEqual(bodies, ["{}", "{"])
      fence.hold(momentOf(clock), 20_000, clock)
      yield* session.request(change)
      assert.lengthOf(bodies, 3)
    }))
})
