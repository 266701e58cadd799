import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { Delivery } from "../../src/api/v1alpha1/Delivery.ts"
import { Apply } from "../../src/apply/Apply.ts"
import { InventoryStore } from "../../src/apply/InventoryStore.ts"
import { at, type JsonObject } from "../../src/domain/Json.ts"
import { deliveryValue } from "../../src/domain/ownership.ts"
import { Drift } from "../../src/drift/Drift.ts"
import { Known } from "../../src/kube/Known.ts"
import { allow, as, ask, asUser, cluster, makeNamespace, requestsOf } from "../apply/Cluster.ts"
import { configMap, deliver, delivery, deployment, plan } from "../apply/Subject.ts"
import { makeKubectl } from "../drift/kubectl.ts"
import { line, tend } from "../drift/Tended.ts"

const mergePatch = "application/merge-patch+json"

const maps = (namespace: string, name: string) => `/api/v1/namespaces/${namespace}/configmaps/${name}`

const get = (path: string) => Effect.map(ask("GET", path), (object) => object as JsonObject)

const edit = (path: string, body: unknown, manager = "kubectl-edit") =>
  ask("PATCH", `${path}?fieldManager=${manager}`, body, mergePatch)

const optionsOf = ({ metadata, spec: { apply: { allowManagers } } }: Delivery) => ({
  label: deliveryValue(metadata),
  allowManagers
})

const interval = 300
const options = { excludeTestServices: true, timeout: "2 minutes" } as const

layer(Layer.mergeAll(cluster({}), Drift.layerWith({ interval })), options)("drift watches", (it) => {
  it.effect("sees after a restart what happened before it, and lets a diff do without a list", () =>
    Effect.gen(function*() {
      yield* makeNamespace("restart")
      const subject = delivery("shop", "restart")
      const objects = ["a", "b", "c"].map((name) => configMap(name, "restart", { key: "1" }))
      yield* deliver(subject, objects)
      yield* edit(maps("restart", "a"), { data: { key: "2" } })
      yield* ask("DELETE", maps("restart", "b"))
      const [drift, store] = [yield* Drift, yield* InventoryStore]
      const watch = yield* drift.watch(optionsOf(subject))
      yield* watch.follow((yield* store.load).entries)
      const suspects = yield* watch.suspects
      assert.deepStrictEqual(suspects.map(({ ref, why }) => `${ref.name} ${why}`).sort(), ["a changed", "b gone"])
      assert.isFalse(yield* watch.isQuiet)
      assert.deepStrictEqual(yield* watch.take, [])
      yield* watch.again(suspects.map(({ ref }) => ref).slice(0, 1))
      assert.lengthOf(yield* watch.suspects, 1)
      yield* watch.follow((yield* store.load).entries.filter(({ ref }) => ref.name === "c"))
      assert.isTrue(yield* watch.isQuiet)

      const { requests, value } = yield* requestsOf(
        "restart",
        plan(subject, [configMap("c", "restart", { key: "1" })]).pipe(Effect.provideService(Known, watch.seen))
      )
      assert.deepStrictEqual(value.changes.map(({ action, ref }) => `${action} ${ref.name}`), [
        "unchanged c",
        "delete a"
      ])
      assert.deepStrictEqual(requests, ["get"])
    }).pipe(Effect.scoped, Effect.provide(as("shop", "restart"))))

  it.effect("shares one watch of a kind, and asks for nothing while nothing happens", () =>
    Effect.gen(function*() {
      yield* makeNamespace("shared")
      const tended = ["one", "two", "three"].map((name) =>
        tend(delivery(name, "shared"), [configMap(name, "shared", { key: "1" })]).pipe(
          Effect.provide(as(name, "shared"))
        )
      )
      const { events, value: [, , third] } = yield* requestsOf("shared", Effect.all(tended))
      const watches = events.filter(({ requestURI, stage }) =>
        requestURI.includes("watch=true") && requestURI.includes("/configmaps?") && stage === "ResponseStarted"
      )
      assert.lengthOf(watches, 1)
      const { requests } = yield* requestsOf(
        "shared",
        Effect.gen(function*() {
          yield* edit(maps("shared", "two"), { metadata: { labels: { team: "a" } } })
          yield* edit(maps("shared", "two"), { data: { other: "b" } }, "some-controller")
          yield* edit(maps("shared", "three"), { data: { key: "2" } })
          yield* Queue.take(third!.healed)
        })
      )
      assert.deepStrictEqual(requests, ["patch", "patch", "patch", "patch"])
    }).pipe(Effect.scoped))

  it.effect("polls what may not be watched, and watches it once it may be", () =>
    Effect.gen(function*() {
      yield* makeNamespace("polled")
      yield* allow("walker", "polled", [{
        apiGroups: [""],
        resources: ["configmaps"],
        verbs: ["get", "create", "patch"]
      }])
      const subject = delivery("shop", "polled")
      yield* deliver(subject, [configMap("a", "polled", { key: "1" })]).pipe(Effect.provide(as("shop", "polled")))
      yield* Effect.gen(function*() {
        const [drift, store] = [yield* Drift, yield* InventoryStore]
        const watch = yield* drift.watch(optionsOf(subject))
        const { entries } = yield* Effect.provide(store.load, as("shop", "polled"))
        yield* watch.follow(entries)
        assert.deepStrictEqual(yield* watch.polled, ["ConfigMap"])
        assert.isFalse(yield* watch.isQuiet)
        assert.isUndefined(watch.seen("v1", entries[0]!.ref))
        yield* edit(maps("polled", "a"), { data: { key: "2" } })
        assert.strictEqual((yield* watch.suspects)[0]?.why, "changed")

        yield* ask("PATCH", "/apis/rbac.authorization.k8s.io/v1/namespaces/polled/roles/walker", {
          rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get", "create", "patch", "list", "watch"] }]
        }, mergePatch)
        // The watch works once a change comes by it.
        let turn = 0
        const change = Effect.suspend(() => edit(maps("polled", "a"), { metadata: { labels: { turn: `${turn++}` } } }))
        yield* Effect.repeat(Effect.andThen(change, watch.polled), { until: ({ length }) => length === 0 })
        assert.isObject(watch.seen("v1", entries[0]!.ref))
      }).pipe(Effect.scoped, Effect.provide(asUser("walker", "shop", "polled")))
    }))

  it.effect("tells what it would do, and does nothing", () =>
    Effect.gen(function*() {
      yield* makeNamespace("report")
      const subject = delivery("shop", "report", { drift: "report" })
      const objects = [configMap("a", "report", { key: "1" }), configMap("b", "report", { key: "1" })]
      const [apply, drift, store] = [yield* Apply, yield* Drift, yield* InventoryStore]
      const changeset = yield* plan(subject, objects)
      yield* deliver(subject, objects)
      const watch = yield* drift.watch(optionsOf(subject))
      const inventory = yield* store.load
      yield* watch.follow(inventory.entries)
      yield* edit(maps("report", "a"), { data: { key: "2", more: "3" } })
      const standing = apply.standing(changeset as Parameters<typeof apply.standing>[0])
      const suspects = yield* watch.suspects
      const told = yield* Stream.runCollect(apply.heal(subject, standing, inventory, suspects, { writes: false }))
      assert.deepStrictEqual(told.map(line), ["healed ConfigMap/a: data.key data.more by kubectl-edit"])
      assert.deepStrictEqual((yield* get(maps("report", "a"))).data, { key: "2", more: "3" })
      // The same drift is not news, whatever else happens to the object.
      yield* edit(maps("report", "a"), { metadata: { labels: { team: "a" } } }, "some-controller")
      yield* edit(maps("report", "b"), { data: { key: "2" } })
      assert.deepStrictEqual((yield* watch.suspects).map(({ ref }) => ref.name), ["b"])
    }).pipe(Effect.scoped, Effect.provide(as("shop", "report"))))

  it.effect("records heals by one save, and only of what it still owns", () =>
    Effect.gen(function*() {
      yield* makeNamespace("recorded")
      const subject = delivery("shop", "recorded")
      yield* deliver(subject, [configMap("a", "recorded", { key: "1" })])
      const [apply, store] = [yield* Apply, yield* InventoryStore]
      const [entry] = (yield* store.load).entries
      const next = { ...entry!, fingerprint: "new" }
      const stranger = { ...next, ref: { ...next.ref, name: "stranger" } }
      yield* apply.recordHealed([next, stranger])
      assert.deepStrictEqual((yield* store.load).entries, [next])
    }).pipe(Effect.provide(as("shop", "recorded"))))

  it.effect("lets be what was allowed, and what was to be there but once", () =>
    Effect.gen(function*() {
      yield* makeNamespace("allowed")
      const { healed, untouched } = yield* tend(delivery("shop", "allowed", { allowManagers: ["kubectl-tool"] }), [
        configMap("a", "allowed", { key: "1" }),
        configMap("once", "allowed", { key: "1" }, { "sluice.dev/apply": "IfNotPresent" })
      ])
      yield* edit(maps("allowed", "a"), { data: { more: "2" } }, "kubectl-tool")
      yield* edit(maps("allowed", "once"), { data: { key: "2" } })
      assert.strictEqual((yield* Queue.take(untouched)).ref.name, "once")
      yield* edit(maps("allowed", "a"), { data: { key: "3" } }, "kubectl-tool")
      assert.strictEqual(line(yield* Queue.take(healed)), "healed ConfigMap/a: data.key by kubectl-tool")
      assert.deepStrictEqual((yield* get(maps("allowed", "a"))).data, { key: "1", more: "2" })
      yield* ask("DELETE", maps("allowed", "once"))
      assert.strictEqual(line(yield* Queue.take(healed)).split(":")[0], "recreated ConfigMap/once")
      assert.strictEqual(yield* Queue.size(healed), 0)
    }).pipe(Effect.scoped, Effect.provide(as("shop", "allowed"))))

  it.effect("lets people have what is left to others, and still takes away what is not", () =>
    Effect.gen(function*() {
      yield* makeNamespace("ignored")
      const kubectl = yield* makeKubectl("ignored")
      const { healed } = yield* tend(
        delivery("shop", "ignored", { ignore: [{ paths: ["/spec/replicas"], target: { kind: "Deployment" } }] }),
        [deployment("web", "ignored", { replicas: 2 })]
      )
      yield* kubectl(["patch", "deployment/web", "-p", "{\"spec\":{\"replicas\":4}}"])
      yield* kubectl(["set", "env", "deployment/web", "DEBUG=1"])
      assert.strictEqual(
        line(yield* Queue.take(healed)),
        "healed Deployment/web: spec.template.spec.containers[name=app].env[name=DEBUG] by kubectl-set"
      )
      const web = yield* get("/apis/apps/v1/namespaces/ignored/deployments/web")
      assert.strictEqual(at(web, "spec", "replicas"), 4)
      const managers = at(web, "metadata", "managedFields") as ReadonlyArray<JsonObject>
      assert.includeMembers(managers.map(({ manager }) => manager), ["kubectl-patch"])
      const { requests } = yield* requestsOf(
        "ignored",
        Effect.gen(function*() {
          yield* kubectl(["annotate", "deployment/web", "note=a"])
          yield* kubectl(["set", "env", "deployment/web", "DEBUG=1"])
          yield* Queue.take(healed)
        })
      )
      assert.isBelow(requests.filter((verb) => verb === "patch").length, 7)
    }).pipe(Effect.scoped, Effect.provide(as("shop", "ignored"))))

  it.effect("gives back what cannot be taken away, so that the next apply still succeeds", () =>
    Effect.gen(function*() {
      yield* makeNamespace("immutable")
      const kubectl = yield* makeKubectl("immutable")
      const objects = [configMap("a", "immutable", { key: "1" })]
      const { failed, watch } = yield* tend(delivery("shop", "immutable"), objects)
      yield* kubectl(["patch", "configmap/a", "--type=merge", "-p", "{\"immutable\":true}"])
      assert.include(yield* Queue.take(failed), "immutable")
      assert.isFalse(yield* watch.isQuiet)
      const managers = at(yield* get(maps("immutable", "a")), "metadata", "managedFields") as ReadonlyArray<JsonObject>
      assert.deepStrictEqual(managers.map(({ manager }) => manager).sort(), ["kubectl-patch", "sluice"])
    }).pipe(Effect.scoped, Effect.provide(as("shop", "immutable"))))

  it.effect("does not fight with a delivery that an object was handed to", () =>
    Effect.gen(function*() {
      yield* makeNamespace("handed")
      const object = configMap("a", "handed", { key: "1" })
      const { failed, healed } = yield* tend(delivery("first", "handed"), [object])
      const adopted = configMap("a", "handed", { key: "2" }, { "sluice.dev/adopt": "handed/first" })
      yield* Effect.provide(deliver(delivery("second", "handed"), [adopted]), as("second", "handed"))
      assert.include(yield* Queue.take(failed), "belongs to delivery handed/second now")
      assert.strictEqual(yield* Queue.size(healed), 0)
      assert.strictEqual(at(yield* get(maps("handed", "a")), "data", "key"), "2")
    }).pipe(Effect.scoped, Effect.provide(as("first", "handed"))))
})
