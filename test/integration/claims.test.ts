import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { InventoryStore } from "../../src/apply/InventoryStore.ts"
import { at, type JsonObject } from "../../src/domain/Json.ts"
import { as, ask, cluster, makeNamespace, requestsOf } from "../apply/Cluster.ts"
import { carryOut, configMap, deliver, delivery, deployment, plan } from "../apply/Subject.ts"

const options = { excludeTestServices: true, timeout: "1 minute" } as const

/** One of two deliveries, each with its own record, as in two processes. */
const one = (name: string, namespace: string, apply: Readonly<Record<string, unknown>> = {}) => {
  const subject = delivery(name, namespace, apply)
  const rights = as(name, namespace)
  return {
    plan: (object: JsonObject) => Effect.provide(plan(subject, [object]), rights),
    carryOut: (changeset: Effect.Success<ReturnType<typeof plan>>) =>
      Effect.provide(carryOut(subject, changeset), rights),
    deliver: (object: JsonObject) => Effect.provide(deliver(subject, [object]), rights),
    owned: Effect.flatMap(InventoryStore, ({ load }) => load).pipe(
      Effect.map(({ entries }) => entries.map(({ ref }) => ref.name)),
      Effect.provide(rights)
    )
  }
}

const maps = (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps`

const get = (path: string) => Effect.map(ask("GET", path), (object) => object as JsonObject)

const edit = (path: string, body: unknown) =>
  ask("PATCH", `${path}?fieldManager=controller`, body, "application/merge-patch+json")

layer(cluster({}), options)("two deliveries that want one object", (it) => {
  it.effect("get it once, where neither saw it when it was planned", () =>
    Effect.gen(function*() {
      yield* makeNamespace("race-new")
      const [left, right] = [one("left", "race-new"), one("right", "race-new")]
      const [hers, his] = [configMap("a", "race-new", { of: "left" }), configMap("a", "race-new", { of: "right" })]
      const plans = [yield* left.plan(hers), yield* right.plan(his)] as const
      const first = yield* requestsOf("race-new", left.carryOut(plans[0]))
      assert.deepStrictEqual(first.requests, ["patch"], "what nobody else wants costs nothing more")
      const second = yield* requestsOf("race-new", Effect.flip(right.carryOut(plans[1])))
      assert.deepStrictEqual(second.requests, ["get", "patch"])
      assert.strictEqual(second.value._tag, "ApplyConflict")
      assert.include(
        second.value.message,
        "belongs to delivery race-new/left; delivery race-new/right wants it too"
      )
      assert.deepInclude(second.value, { holder: { apiVersion: "v1", label: "race-new.left" } })
      assert.deepInclude(yield* get(`${maps("race-new")}/a`), { data: { of: "left" } })
      assert.deepStrictEqual([yield* left.owned, yield* right.owned], [["a"], []])
    }))

  it.effect("get it once, where it was nobody's", () =>
    Effect.gen(function*() {
      yield* makeNamespace("race-adopted")
      yield* ask("POST", maps("race-adopted"), configMap("a", "race-adopted", { of: "nobody" }))
      const [left, right] = [one("left", "race-adopted"), one("right", "race-adopted")]
      const [hers, his] = [
        configMap("a", "race-adopted", { of: "left" }),
        configMap("a", "race-adopted", { of: "right" })
      ]
      const plans = [yield* left.plan(hers), yield* right.plan(his)] as const
      yield* edit(`${maps("race-adopted")}/a`, { data: { moved: "meanwhile" } })
      assert.deepStrictEqual(yield* left.carryOut(plans[0]), ["update ConfigMap/a"], "what merely moved is adopted")
      const error = yield* Effect.flip(right.carryOut(plans[1]))
      assert.include(error.message, "belongs to delivery race-adopted/left")
      const live = yield* get(`${maps("race-adopted")}/a`)
      assert.deepInclude(live, { data: { of: "left", moved: "meanwhile" } })
      assert.deepStrictEqual(yield* right.owned, [])
    }))

  it.effect("leave what one has as it is, also where the other leaves fields of it to others", () =>
    Effect.gen(function*() {
      yield* makeNamespace("race-left")
      const ignore = [{ target: { kind: "Deployment" }, paths: ["/spec/replicas"] }]
      const [left, right] = [one("left", "race-left"), one("right", "race-left", { ignore })]
      const web = deployment("web", "race-left", { replicas: 3 })
      const plans = [yield* left.plan(web), yield* right.plan(web)] as const
      yield* left.carryOut(plans[0])
      const path = "/apis/apps/v1/namespaces/race-left/deployments/web"
      const before = yield* get(path)
      const error = yield* Effect.flip(right.carryOut(plans[1]))
      assert.include(error.message, "belongs to delivery race-left/left")
      assert.deepStrictEqual(yield* get(path), before)
    }))

  it.effect("leave it to who was first, where it is only wanted if it is not there", () =>
    Effect.gen(function*() {
      yield* makeNamespace("race-absent")
      const [left, right] = [one("left", "race-absent"), one("right", "race-absent")]
      const wanted = (of: string) => configMap("a", "race-absent", { of }, { "sluice.dev/apply": "IfNotPresent" })
      const plans = [yield* left.plan(wanted("left")), yield* right.plan(wanted("right"))] as const
      yield* left.carryOut(plans[0])
      yield* right.carryOut(plans[1])
      assert.deepInclude(yield* get(`${maps("race-absent")}/a`), { data: { of: "left" } })
      assert.deepStrictEqual([yield* left.owned, yield* right.owned], [["a"], []])
      assert.deepStrictEqual((yield* right.plan(wanted("right"))).changes.map(({ action }) => action), ["unchanged"])
    }))

  it.effect("do not take their own write, whose answer was lost, for another's", () =>
    Effect.gen(function*() {
      yield* makeNamespace("race-own")
      const left = one("left", "race-own")
      const object = configMap("a", "race-own", { of: "left" })
      const planned = yield* left.plan(object)
      yield* left.carryOut(planned)
      const { metadata } = yield* get(`${maps("race-own")}/a`)
      assert.deepStrictEqual(yield* left.carryOut(planned), ["create ConfigMap/a"])
      const after = yield* get(`${maps("race-own")}/a`)
      assert.strictEqual(at(after, "metadata", "uid"), at(metadata, "uid"))
      assert.deepStrictEqual(yield* left.owned, ["a"])
    }))
})
