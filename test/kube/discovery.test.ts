import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import type { JsonObject } from "../../src/domain/Json.ts"
import { make } from "../../src/kube/discovery.ts"
import { Identity } from "../../src/kube/Identity.ts"
import type { KubeSession } from "../../src/kube/KubeClient.ts"

const group = (name: string, kinds: ReadonlyArray<string>, freshness = "Current"): JsonObject => ({
  metadata: name === "" ? {} : { name },
  versions: [{
    version: "v1",
    freshness,
    resources: kinds.map((kind) => ({
      resource: `${kind.toLowerCase()}s`,
      responseKind: { group: name, version: "v1", kind },
      scope: "Namespaced",
      verbs: ["get"]
    }))
  }]
})

/** A cluster whose groups can be changed; `asked` are the paths that were asked for. */
const cluster = (groups: Array<JsonObject>) => {
  const asked: Array<string> = []
  const session: KubeSession = {
    identity: Identity.Self(),
    request: ({ path }) =>
      Effect.sync((): JsonObject => {
        asked.push(path)
        if (path === "/version") return { gitVersion: "v1.36.3" }
        return { items: path === "/api" ? [group("", ["Pod"])] : [...groups] }
      }),
    requestUnmasked: () => Effect.die("not used"),
    lines: () => Stream.die("not used")
  }
  return { session, asked, groups }
}

describe("discovery", () => {
  it.effect("asks twice in all for what the cluster serves, however many ask at once", () =>
    Effect.gen(function*() {
      const { asked, session } = cluster([group("apps", ["Deployment"])])
      const discovery = yield* make(session)
      const kinds = yield* Effect.all(
        Array.from({ length: 20 }, () => discovery.kindOf("apps/v1", "Deployment")),
        { concurrency: "unbounded" }
      )
      assert.isTrue(kinds.every((kind) => kind?.plural === "deployments"))
      assert.deepStrictEqual(asked, ["/api", "/apis"])
      assert.deepStrictEqual(yield* discovery.capabilities, {
        version: "v1.36.3",
        apiVersions: ["apps/v1", "apps/v1/Deployment", "v1", "v1/Pod"]
      })
    }))

  it.effect("asks again for an unknown kind, at most once a second, ten times after a CRD was written", () =>
    Effect.gen(function*() {
      const { asked, groups, session } = cluster([])
      const discovery = yield* make(session)
      const widget = discovery.kindOf("example.dev/v1", "Widget")
      assert.isUndefined(yield* widget)
      assert.isUndefined(yield* widget)
      assert.lengthOf(asked, 2)
      yield* TestClock.adjust("1 second")
      yield* Effect.all([widget, widget, widget], { concurrency: "unbounded" })
      assert.lengthOf(asked, 4)
      groups.push(group("example.dev", ["Widget"]))
      assert.isUndefined(yield* widget)
      yield* discovery.expectChange
      yield* TestClock.adjust("100 millis")
      assert.strictEqual((yield* widget)?.plural, "widgets")
    }))

  it.effect("does not call a kind unknown whose server is away", () =>
    Effect.gen(function*() {
      const discovery = yield* make(cluster([group("metrics.k8s.io", [], "Stale")]).session)
      const failure = yield* Effect.flip(discovery.kindOf("metrics.k8s.io/v1", "PodMetrics"))
      assert.strictEqual(failure.reason, "DiscoveryFailed")
    }))
})
