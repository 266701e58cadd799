import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { randomBytes } from "node:crypto"
import { noFence } from "../../src/kube/Fence.ts"
import { Identity } from "../../src/kube/Identity.ts"
import { KubeClient } from "../../src/kube/KubeClient.ts"
import { KubeStatus } from "../../src/kube/KubeStatus.ts"
import { type ControlPlane, controlPlane } from "../support/ControlPlane.ts"
import { rights } from "../support/rights.ts"

class Plane extends Context.Service<Plane, ControlPlane>()("test/Plane") {}

const Test = Layer.unwrap(
  Effect.map(
    Plane,
    (plane) =>
      KubeClient.layer({ files: [plane.adminKubeconfigFile], fence: noFence, maskKey: new Uint8Array(32) }).pipe(
        Layer.provide(NodeFileSystem.layer)
      )
  )
).pipe(Layer.provideMerge(Layer.effect(Plane, controlPlane())))

/** A Sluice that just started: it knows nothing yet of the record of this delivery. */
const start = (namespace: string, name: string) =>
  Effect.flatMap(Effect.scope, (scope) =>
    Effect.map(
      Layer.buildWithScope(rights({ identity: Identity.Self(), namespace, name }), scope),
      (context) => Context.get(context, KubeStatus)
    ))

const inventory = (count: number) =>
  new TextEncoder().encode(JSON.stringify({
    entries: Array.from({ length: count }, (_, index) => ({
      ref: { group: "apps", kind: "Deployment", namespace: "shop", name: `deployment-${index}` },
      apiVersion: "apps/v1",
      digest: `sha256:${randomBytes(32).toString("hex")}`,
      fingerprint: randomBytes(16).toString("hex"),
      uid: crypto.randomUUID()
    }))
  }))

const cleared = Effect.flatMap(Plane, (plane) =>
  Effect.promise(() =>
    // What a first try of a test left.
    plane.request("DELETE", "/api/v1/namespaces/default/configmaps?labelSelector=app.kubernetes.io/managed-by=sluice")
  ))

const names = Effect.fnUntraced(function*(namespace: string) {
  const plane = yield* Plane
  const list = yield* Effect.promise(() =>
    plane.request("GET", `/api/v1/namespaces/${namespace}/configmaps?labelSelector=app.kubernetes.io/managed-by=sluice`)
  )
  return (list as { items: Array<{ metadata: { name: string } }> }).items.map(({ metadata }) => metadata.name)
})

/** How many there were of ours: the API server asks itself as well, now and then. */
const requests = Effect.fnUntraced(function*() {
  const plane = yield* Plane
  const events = yield* Effect.promise(() => plane.readAudit())
  return events.filter(({ userAgent }) => userAgent?.startsWith("sluice") === true).length
})

layer(Test, { excludeTestServices: true, timeout: "2 minutes" })("a delivery's record", (it) => {
  it.effect("keeps 10,000 entries, and asks nothing when nothing changed", () =>
    Effect.gen(function*() {
      yield* cleared
      const bytes = inventory(10_000)
      const first = yield* start("default", "large")
      assert.isUndefined(yield* first.load("inventory"))
      const [saved] = yield* Effect.timed(first.save("inventory", bytes))
      const again = yield* start("default", "large")
      const [loaded, read] = yield* Effect.timed(again.load("inventory"))
      assert.deepStrictEqual(read, bytes)
      const kept = yield* names("default")
      console.info(
        `10,000 entries, ${bytes.length} bytes in ${kept.length} ConfigMaps: saved in ${
          Math.round(Duration.toMillis(saved))
        } ms, loaded in ${Math.round(Duration.toMillis(loaded))} ms`
      )
      assert.isAbove(kept.length, 2)

      const asked = yield* requests()
      yield* again.save("inventory", bytes)
      yield* first.save("inventory", bytes)
      assert.strictEqual(yield* requests(), asked)

      yield* first.save("inventory", inventory(3))
      assert.deepStrictEqual(yield* names("default"), ["sluice-large-inventory-0"])
      yield* first.remove("inventory")
      assert.deepStrictEqual(yield* names("default"), [])
      assert.isUndefined(yield* again.load("inventory"))
    }))

  it.effect("shows the old record after a crash between the chunks and the head", () =>
    Effect.gen(function*() {
      yield* cleared
      const plane = yield* Plane
      const old = inventory(8_000)
      const status = yield* start("default", "crashed")
      yield* status.save("inventory", old)
      const kept = yield* names("default")
      // What a killed Sluice leaves: chunks of a generation that no head names.
      const chunk = kept.find((name) => name.includes("-1-"))!
      const object = yield* Effect.promise(() => plane.request("GET", `/api/v1/namespaces/default/configmaps/${chunk}`))
      const copy = {
        ...(object as object),
        metadata: {
          name: chunk.replace(/[^-]+$/u, "neverwritten"),
          labels: (object as { metadata: { labels: object } }).metadata.labels,
          annotations: { "sluice.dev/record-of": "default/crashed", "sluice.dev/generation": "neverwritten" }
        }
      }
      yield* Effect.promise(() => plane.request("POST", "/api/v1/namespaces/default/configmaps", copy))
      assert.deepStrictEqual(yield* Effect.flatMap(start("default", "crashed"), (next) => next.load("inventory")), old)

      assert.include(yield* names("default"), copy.metadata.name)
      const swept = inventory(8_000)
      yield* Effect.gen(function*() {
        yield* TestClock.setTime(Date.now() + 7_200_000)
        yield* (yield* start("default", "crashed")).save("inventory", swept)
      }).pipe(Effect.provide(TestClock.layer()))
      const left = yield* names("default")
      assert.notInclude(left, copy.metadata.name)
      assert.deepStrictEqual(
        yield* Effect.flatMap(start("default", "crashed"), (next) => next.load("inventory")),
        swept
      )

      const last = left.find((name) => name.includes("-1-"))!
      yield* Effect.promise(() => plane.request("DELETE", `/api/v1/namespaces/default/configmaps/${last}`))
      const failure = yield* Effect.flip(Effect.flatMap(start("default", "crashed"), (next) => next.load("inventory")))
      assert.strictEqual(failure.reason, "RecordUnreadable")
      assert.include(failure.detail, "the inventory of default/crashed cannot be read: it is incomplete")
    }))

  it.effect("lets one of two writers win, and tells the other", () =>
    Effect.gen(function*() {
      yield* cleared
      const [one, other] = [yield* start("default", "raced"), yield* start("default", "raced")]
      assert.isUndefined(yield* one.load("inventory"))
      assert.isUndefined(yield* other.load("inventory"))
      yield* one.save("inventory", inventory(1))
      const failure = yield* Effect.flip(other.save("inventory", inventory(2)))
      assert.strictEqual(failure.reason, "Conflict")
      assert.include(failure.message, "another Sluice runs the same delivery")
      assert.strictEqual((yield* Effect.flip(other.save("inventory", inventory(2)))).reason, "Conflict")
      yield* other.load("inventory")
      const last = inventory(2)
      yield* other.save("inventory", last)
      assert.strictEqual((yield* Effect.flip(one.save("inventory", inventory(1)))).reason, "Conflict")
      assert.deepStrictEqual(yield* one.load("inventory"), last)
    }))

  it.effect("is kept in default while its namespace is missing, and stays there", () =>
    Effect.gen(function*() {
      const plane = yield* Plane
      const status = yield* start("later", "web")
      assert.isUndefined(yield* status.load("inventory"))
      yield* status.save("inventory", inventory(1))
      yield* Effect.promise(() => plane.request("POST", "/api/v1/namespaces", { metadata: { name: "later" } }))
      const bytes = inventory(2)
      yield* status.save("inventory", bytes)
      yield* status.save("outbox", bytes)
      const next = yield* start("later", "web")
      assert.deepStrictEqual(yield* next.load("inventory"), bytes)
      assert.deepStrictEqual(yield* next.load("outbox"), bytes)
      assert.deepStrictEqual(yield* names("later"), ["sluice-web-outbox-0"])
      assert.isUndefined(yield* Effect.flatMap(start("default", "web"), (another) => another.load("inventory")))
    }))
})
