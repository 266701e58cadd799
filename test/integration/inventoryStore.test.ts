import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { InventoryStore } from "../../src/apply/InventoryStore.ts"
import type { Inventory } from "../../src/domain/Inventory.ts"
import { KubeStatus } from "../../src/kube/KubeStatus.ts"
import { as, cluster, makeNamespace, requestsOf } from "../apply/Cluster.ts"
import { configMap, deliver, delivery } from "../apply/Subject.ts"

const owning = (...names: ReadonlyArray<string>): Inventory => ({
  entries: names.map((name) => ({
    ref: { group: "", kind: "ConfigMap", namespace: "shop", name },
    apiVersion: "v1",
    digest: `digest of ${name}`
  }))
})

const load = Effect.flatMap(InventoryStore, (store) => store.load)
const save = (inventory: Inventory) => Effect.flatMap(InventoryStore, (store) => store.save(inventory))

/** `get sluice-shop-inventory-0`…: what Sluice asked about its record while the effect ran. */
const recordRequests = Effect.fnUntraced(function*<A, E, R>(namespace: string, effect: Effect.Effect<A, E, R>) {
  const { events, value } = yield* requestsOf(namespace, effect)
  const asked = events.filter(({ objectRef, stage, userAgent }) =>
    stage === "ResponseComplete" && userAgent === "sluice" && objectRef?.namespace === namespace &&
    objectRef.name?.startsWith("sluice-") === true
  ).map(({ objectRef, verb }) => `${verb} ${objectRef!.name}`)
  return { value, asked }
})

const head = "sluice-shop-inventory-0"

layer(cluster({}), { excludeTestServices: true, timeout: "2 minutes" })("an inventory", (it) => {
  it.effect("is read from the cluster once", () =>
    Effect.gen(function*() {
      yield* makeNamespace("once")
      yield* Effect.provide(save(owning("a")), as("shop", "once"))
      yield* Effect.gen(function*() {
        const first = yield* recordRequests("once", load)
        assert.deepStrictEqual(first, { value: owning("a"), asked: [`get ${head}`] })
        const second = yield* recordRequests("once", load)
        assert.deepStrictEqual(second, { value: owning("a"), asked: [] })
        const saved = yield* recordRequests("once", Effect.andThen(save(owning("b")), load))
        assert.deepStrictEqual(saved, { value: owning("b"), asked: [`update ${head}`] })
      }).pipe(Effect.provide(as("shop", "once")))
    }))

  it.effect("that is not there yet is asked for once as well", () =>
    Effect.gen(function*() {
      yield* makeNamespace("fresh")
      assert.lengthOf((yield* load).entries, 0)
      assert.deepStrictEqual((yield* recordRequests("fresh", load)).asked, [])
    }).pipe(Effect.provide(as("shop", "fresh"))))

  it.effect("that somebody else wrote is noticed when it is saved, and then read anew", () =>
    Effect.gen(function*() {
      yield* makeNamespace("raced")
      yield* save(owning("mine"))
      yield* load.pipe(Effect.andThen(save(owning("theirs"))), Effect.provide(as("shop", "raced")))
      assert.deepStrictEqual(yield* load, owning("mine"), "nobody said so yet")

      const refused = yield* Effect.flip(save(owning("mine", "more")))
      assert.include(refused.message, "another Sluice runs the same delivery")
      const { asked, value } = yield* recordRequests("raced", load)
      assert.deepStrictEqual({ asked, value }, { asked: [`get ${head}`], value: owning("theirs") })
      yield* save(owning("mine", "more"))
      assert.deepStrictEqual(yield* Effect.provide(load, as("shop", "raced")), owning("mine", "more"))
    }).pipe(Effect.provide(as("shop", "raced"))))

  it.effect("is read anew when nobody knows whether a save arrived", () =>
    Effect.gen(function*() {
      yield* makeNamespace("unknown")
      yield* Effect.provide(save(owning("a")), as("shop", "unknown"))
      const dying = Layer.effect(
        KubeStatus,
        Effect.map(KubeStatus, (status) => ({
          ...status,
          save: (...all: Parameters<typeof status.save>) => Effect.andThen(status.save(...all), Effect.die("killed"))
        }))
      ).pipe(Layer.provide(as("shop", "unknown")))
      yield* Effect.gen(function*() {
        assert.deepStrictEqual(yield* load, owning("a"))
        yield* Effect.exit(save(owning("b")))
        assert.deepStrictEqual(yield* load, owning("b"))
      }).pipe(Effect.provide(dying))
    }))

  it.effect("is the same for everybody who has the same right", () =>
    Effect.gen(function*() {
      yield* makeNamespace("shared")
      yield* load
      yield* Effect.provide(save(owning("a")), Layer.fresh(InventoryStore.layer), { local: true })
      assert.deepStrictEqual(yield* recordRequests("shared", load), { value: owning("a"), asked: [] })
    }).pipe(Effect.provide(as("shop", "shared"))))

  it.effect("costs a run that changes nothing no request of its own", () =>
    Effect.gen(function*() {
      yield* makeNamespace("idle")
      const subject = delivery("shop", "idle")
      const objects = [configMap("a", "idle", { key: "1" })]
      yield* deliver(subject, objects)
      const again = yield* recordRequests("idle", deliver(subject, objects))
      assert.deepStrictEqual(again, { value: [], asked: [] })
    }).pipe(Effect.provide(as("shop", "idle"))))
})
