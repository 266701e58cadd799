import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Delivery } from "../../src/api/v1alpha1/Delivery.ts"
import { Apply } from "../../src/apply/Apply.ts"
import { InventoryStore } from "../../src/apply/InventoryStore.ts"
import type { Changeset } from "../../src/domain/Changeset.ts"
import type { Admitted } from "../../src/domain/Decision.ts"
import type { JsonObject } from "../../src/domain/Json.ts"
import { as, ask, cluster, makeNamespace, requestsOf } from "../apply/Cluster.ts"
import { carryOut, configMap, delivery, deployment, plan } from "../apply/Subject.ts"

const options = { excludeTestServices: true, timeout: "2 minutes" } as const

const waitFor = Effect.fnUntraced(function*(subject: Delivery, objects: ReadonlyArray<JsonObject>) {
  const apply = yield* Apply
  const changeset = yield* plan(subject, objects)
  yield* carryOut(subject, changeset)
  const told = yield* Stream.runCollect(apply.health(subject, changeset as Admitted<Changeset>))
  return [...told].map(({ ref, status }) => `${ref.name} ${status}`)
})

layer(cluster({ nodes: 1 }), options)("health", (it) => {
  it.effect("waits until a rollout is done, and asks nothing about what has no health", () =>
    Effect.gen(function*() {
      yield* makeNamespace("rollout")
      const objects = [
        deployment("web", "rollout", { replicas: 2, minReadySeconds: 1 }),
        configMap("settings", "rollout", {})
      ]
      const { events, value: told } = yield* requestsOf("rollout", waitFor(delivery("shop", "rollout"), objects))
      assert.include(told, "settings Current")
      assert.include(told, "web InProgress")
      assert.strictEqual(told.at(-1), "web Current")
      const asked = events.filter(({ objectRef, userAgent, verb }) =>
        userAgent === "sluice" && verb === "get" && objectRef?.name === "settings"
      )
      assert.deepStrictEqual(asked, [])
      const store = yield* InventoryStore
      const inventory = yield* store.load
      assert.deepInclude(inventory, { healthyObjects: 2 })
      assert.deepInclude(inventory.applied, { healthy: true })
    }).pipe(Effect.provide(as("shop", "rollout"))))

  it.effect("is on the books with the apply where nothing has to be waited for", () =>
    Effect.gen(function*() {
      yield* makeNamespace("inert")
      const objects = [configMap("settings", "inert", {}), configMap("flags", "inert", {})]
      const { events } = yield* requestsOf("inert", waitFor(delivery("shop", "inert"), objects))
      const saved = events.filter(({ objectRef, verb }) =>
        objectRef?.name === "sluice-shop-inventory-0" && (verb === "create" || verb === "update")
      )
      assert.deepStrictEqual(saved.map(({ verb }) => verb), ["create", "update"])
      const store = yield* InventoryStore
      const inventory = yield* store.load
      assert.deepInclude(inventory, { healthyObjects: 2 })
      assert.deepInclude(inventory.applied, { healthy: true })
    }).pipe(Effect.provide(as("shop", "inert"))))

  it.effect("names what is missing when the time is over", () =>
    Effect.gen(function*() {
      yield* makeNamespace("slow")
      const objects = [deployment("web", "slow", {}, { nodeSelector: { "no-such": "node" } })]
      const error = yield* Effect.flip(waitFor(delivery("shop", "slow", { timeout: "1500ms" }), objects))
      assert.strictEqual(error._tag, "HealthTimeout")
      assert.match(error.message, /: Deployment\/slow\/web: not healthy after 1.5 s: \w/u)
      assert.deepInclude(error.object, { kind: "Deployment", namespace: "slow", name: "web" })
      const store = yield* InventoryStore
      assert.deepInclude((yield* store.load).applied, { healthy: false })
    }).pipe(Effect.provide(as("shop", "slow"))))

  it.effect("fails at once where waiting cannot help", () =>
    Effect.gen(function*() {
      yield* makeNamespace("hopeless")
      const job = {
        apiVersion: "batch/v1",
        kind: "Job",
        metadata: { name: "migrate", namespace: "hopeless" },
        spec: {
          activeDeadlineSeconds: 1,
          template: {
            spec: {
              restartPolicy: "Never",
              nodeSelector: { "no-such": "node" },
              containers: [{ name: "app", image: "a" }]
            }
          }
        }
      }
      const error = yield* Effect.flip(waitFor(delivery("shop", "hopeless", { timeout: "1m" }), [job]))
      assert.strictEqual(error._tag, "HealthCheckFailed")
      assert.include(error.message, "deploy/app.yaml:1: Job/hopeless/migrate: ")
    }).pipe(Effect.provide(as("shop", "hopeless"))))

  it.effect("starts a wave when what it depends on is healthy", () =>
    Effect.gen(function*() {
      yield* makeNamespace("waves")
      const after = (object: JsonObject, name: string): JsonObject => ({
        ...object,
        metadata: {
          ...object.metadata as JsonObject,
          annotations: { "config.kubernetes.io/depends-on": `apps/namespaces/waves/Deployment/${name}` }
        }
      })
      const objects = [after(deployment("web", "waves"), "database"), deployment("database", "waves")]
      const subject = delivery("shop", "waves")
      const done = yield* carryOut(subject, yield* plan(subject, objects))
      assert.deepStrictEqual(done, ["create Deployment/database", "create Deployment/web"])
      const database = (yield* ask("GET", "/apis/apps/v1/namespaces/waves/deployments/database")) as {
        readonly status: { readonly availableReplicas: number }
      }
      assert.strictEqual(database.status.availableReplicas, 1)
    }).pipe(Effect.provide(as("shop", "waves"))))
})
