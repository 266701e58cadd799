import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { InventoryStore } from "../../src/apply/InventoryStore.ts"
import { exitCodeOf } from "../../src/domain/StageError.ts"
import {
  allow,
  as,
  ask,
  asUser,
  Cluster,
  cluster,
  dyingAt,
  exists,
  makeNamespace,
  requestsOf
} from "../apply/Cluster.ts"
import { carryOut, configMap, deliver, delivery, deployment, plan, revision } from "../apply/Subject.ts"

/** Six of nine objects, other ones each turn, and all of them changed. */
const moving = (namespace: string, turn: number) =>
  Array.from({ length: 6 }, (_, index) => configMap(`c-${(turn + index) % 9}`, namespace, { turn: `${turn}` }))

const labelled = Effect.fnUntraced(function*(namespace: string) {
  const { items } = (yield* ask(
    "GET",
    `/api/v1/namespaces/${namespace}/configmaps?labelSelector=sluice.dev/delivery`
  )) as { items: ReadonlyArray<{ metadata: { name: string }; data: { turn: string } }> }
  return items.map(({ data, metadata }) => ({ name: metadata.name, turn: data.turn }))
})

const nothingOrphaned = Effect.fnUntraced(function*(namespace: string, when: string) {
  const store = yield* InventoryStore
  const owned = new Set((yield* store.load).entries.map(({ ref }) => ref.name))
  for (const { name } of yield* labelled(namespace)) assert.isTrue(owned.has(name), `${name} ${when}`)
})

const isExactly = Effect.fnUntraced(function*(namespace: string, turn: number) {
  const store = yield* InventoryStore
  const names = moving(namespace, turn).map(({ metadata }) => (metadata as { name: string }).name).sort()
  const live = yield* labelled(namespace)
  assert.deepStrictEqual(live.map(({ name }) => name).sort(), names)
  assert.isTrue(live.every((object) => object.turn === `${turn}`))
  assert.deepStrictEqual((yield* store.load).entries.map(({ ref }) => ref.name).sort(), names)
})

const options = { excludeTestServices: true, timeout: "2 minutes" } as const

layer(cluster({ controllers: true }), options)("apply", (it) => {
  it.effect("creates, then leaves alone what is as it should be, then changes only what differs", () =>
    Effect.gen(function*() {
      yield* makeNamespace("first")
      const subject = delivery("shop", "first")
      const objects = [deployment("web", "first"), configMap("a", "first", { key: "1" }), configMap("b", "first", {})]
      assert.deepStrictEqual((yield* deliver(subject, objects)).sort(), [
        "create ConfigMap/a",
        "create ConfigMap/b",
        "create Deployment/web"
      ])

      const again = yield* requestsOf("first", deliver(subject, objects, 2))
      assert.deepStrictEqual(again.value, [])
      assert.deepStrictEqual(again.requests, ["list", "list"], "one metadata LIST for each kind")

      const same = yield* requestsOf("first", deliver(subject, objects, 2))
      const writes = same.events.filter(({ userAgent, verb }) =>
        userAgent === "sluice" && verb !== "get" && verb !== "list"
      )
      assert.deepStrictEqual(writes, [], "the same revision again writes nothing at all, its own record included")

      const changed = [objects[0]!, configMap("a", "first", { key: "2" }), objects[2]!]
      const changeset = yield* plan(subject, changed, 3)
      const update = changeset.changes.filter(({ action }) => action !== "unchanged")
      assert.deepStrictEqual(update.map(({ action, fields }) => ({ action, fields })), [
        { action: "update", fields: [{ path: "data.key", from: "1", to: "2" }] }
      ])
      const third = yield* requestsOf("first", carryOut(subject, changeset, 3))
      assert.deepStrictEqual(third.requests, ["patch"])
      const live = yield* ask("GET", "/api/v1/namespaces/first/configmaps/a")
      assert.deepInclude(live, { data: { key: "2" } })
      assert.deepInclude((live as { metadata: object }).metadata, {
        labels: { "sluice.dev/delivery": "first.shop" },
        annotations: { "sluice.dev/origin": `deploy/app.yaml:2@${revision(3)}` }
      })
    }).pipe(Effect.provide(as("shop", "first"))))

  it.effect("applies a namespace, a definition, its resource and a workload as one revision", () =>
    Effect.gen(function*() {
      const definition = {
        apiVersion: "apiextensions.k8s.io/v1",
        kind: "CustomResourceDefinition",
        metadata: { name: "widgets.test.example.com" },
        spec: {
          group: "test.example.com",
          scope: "Namespaced",
          names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" },
          versions: [{
            name: "v1",
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: {
                type: "object",
                properties: { spec: { type: "object", properties: { size: { type: "integer" } } } }
              }
            }
          }]
        }
      }
      const widget = (size: number) => ({
        apiVersion: "test.example.com/v1",
        kind: "Widget",
        metadata: { name: "w", namespace: "whole" },
        spec: { size }
      })
      const space = { apiVersion: "v1", kind: "Namespace", metadata: { name: "whole" } }
      const objects = [widget(1), deployment("web", "whole"), space, definition]
      const subject = delivery("whole", "default")
      const changeset = yield* plan(subject, objects)
      assert.deepStrictEqual(
        changeset.changes.map(({ ref, unproven }) => [ref.kind, unproven]),
        [
          ["Namespace", undefined],
          ["CustomResourceDefinition", undefined],
          ["Widget", "needs Namespace/whole, which this revision brings"],
          ["Deployment", "needs Namespace/whole, which this revision brings"]
        ]
      )
      const done = yield* carryOut(subject, changeset)
      assert.sameMembers(done.slice(0, 2), [
        "create Namespace/whole",
        "create CustomResourceDefinition/widgets.test.example.com"
      ])
      assert.sameMembers(done.slice(2), ["create Widget/w", "create Deployment/web"])
      assert.deepStrictEqual(yield* deliver(subject, objects, 2), [])
      const { changes } = yield* plan(subject, [space, definition, widget(2), objects[1]!])
      const change = changes.find(({ action }) => action === "update")
      assert.deepStrictEqual(change?.fields, [{ path: "spec.size", from: 1, to: 2 }])
    }).pipe(Effect.provide(as("whole", "default"))))

  it.effect("checks late what it could not check early, and writes nothing of that batch if it is wrong", () =>
    Effect.gen(function*() {
      const space = { apiVersion: "v1", kind: "Namespace", metadata: { name: "late" } }
      const objects = [space, configMap("good", "late", {}), { ...configMap("bad", "late", {}), dta: { a: "b" } }]
      const error = yield* Effect.flip(deliver(delivery("late", "default"), objects))
      assert.strictEqual(error._tag, "DiffFailed")
      assert.include(
        error.message,
        "deploy/app.yaml:3: ConfigMap/late/bad: .dta: field not declared in schema (did you mean data?)"
      )
      assert.isTrue(yield* exists("/api/v1/namespaces/late"))
      assert.isFalse(yield* exists("/api/v1/namespaces/late/configmaps/good"))
      const store = yield* InventoryStore
      assert.lengthOf((yield* store.load).entries, 3, "what might have been written is on the books")
    }).pipe(Effect.provide(as("late", "default"))))

  it.effect("prunes what left the revision, and only what is its own", () =>
    Effect.gen(function*() {
      yield* makeNamespace("prune")
      const subject = delivery("shop", "prune", { deletionLimit: "100%" })
      const maps = ["keep", "stale", "stripped", "kept"].map((name) =>
        configMap(name, "prune", {}, name === "kept" ? { "sluice.dev/prune": "disabled" } : {})
      )
      yield* deliver(subject, maps)
      // Somebody takes the label away, and somebody else copies it onto an object of their own.
      yield* ask("PATCH", "/api/v1/namespaces/prune/configmaps/stripped", {
        metadata: { labels: { "sluice.dev/delivery": null } }
      }, "application/merge-patch+json")
      yield* ask("POST", "/api/v1/namespaces/prune/configmaps", {
        metadata: { name: "copy", labels: { "sluice.dev/delivery": "prune.shop" } }
      })
      const changeset = yield* plan(subject, [maps[0]!])
      assert.sameMembers([...changeset.losses], [
        "ConfigMap/prune/stripped stays behind: it is not (or no longer) this delivery's",
        "ConfigMap/prune/kept stays behind: sluice.dev/prune is disabled"
      ])
      assert.deepStrictEqual(yield* carryOut(subject, changeset), ["delete ConfigMap/stale"])
      assert.isFalse(yield* exists("/api/v1/namespaces/prune/configmaps/stale"))
      for (const name of ["keep", "stripped", "kept", "copy"]) {
        assert.isTrue(yield* exists(`/api/v1/namespaces/prune/configmaps/${name}`), name)
      }
      const store = yield* InventoryStore
      assert.deepStrictEqual((yield* store.load).entries.map(({ ref }) => ref.name), ["keep"])
    }).pipe(Effect.provide(as("shop", "prune"))))

  it.effect("blocks deletions beyond the limit until this very changeset is confirmed", () =>
    Effect.gen(function*() {
      yield* makeNamespace("limit")
      const objects = ["a", "b", "c", "d"].map((name) => configMap(name, "limit", {}))
      yield* deliver(delivery("shop", "limit"), objects)
      const changeset = yield* plan(delivery("shop", "limit"), [objects[0]!])
      const blocked = yield* Effect.flip(carryOut(delivery("shop", "limit"), changeset))
      assert.strictEqual(blocked._tag, "PruneBlocked")
      assert.include(blocked.message, "3 of 4 objects would be gone, and spec.apply.deletionLimit is 50%")
      assert.include(blocked.hint, changeset.digest)
      const none = yield* Effect.flip(deliver(delivery("shop", "limit"), []))
      assert.include(none.message, "the revision is empty")
      assert.isTrue(yield* exists("/api/v1/namespaces/limit/configmaps/d"))
      const confirmed = delivery("shop", "limit", {}, { "sluice.dev/confirm": changeset.digest })
      assert.lengthOf(yield* deliver(confirmed, [objects[0]!]), 3)
    }).pipe(Effect.provide(as("shop", "limit"))))

  it.effect("can be stopped after any time: the next run ends with nothing orphaned", () =>
    Effect.gen(function*() {
      yield* makeNamespace("storm")
      const subject = delivery("shop", "storm", { deletionLimit: "100%" })
      for (let turn = 0; turn < 12; turn++) {
        const run = yield* Effect.forkChild(Effect.exit(deliver(subject, moving("storm", turn), turn)), {
          startImmediately: true
        })
        yield* Effect.sleep(turn * 4)
        yield* Fiber.interrupt(run)
        yield* nothingOrphaned("storm", `in turn ${turn}`)
      }
      yield* deliver(subject, moving("storm", 12), 12)
      yield* isExactly("storm", 12)
    }).pipe(Effect.provide(as("shop", "storm"))))

  it.effect("can be killed at any write: the next run ends with nothing orphaned", () =>
    Effect.gen(function*() {
      yield* makeNamespace("killed")
      const subject = delivery("shop", "killed", { deletionLimit: "100%" })
      let turn = 0
      for (let writes = 0, died = true; died; writes++) {
        for (const moment of ["before", "after"] as const) {
          const exit = yield* Effect.exit(
            deliver(subject, moving("killed", turn), turn).pipe(
              Effect.provide(dyingAt(writes, moment, as("shop", "killed")))
            )
          )
          died = Exit.isFailure(exit)
          yield* Effect.provide(nothingOrphaned("killed", `${moment} write ${writes}`), as("shop", "killed"))
          turn++
        }
      }
      assert.isAbove(turn, 16, "every write was a moment to die")
      yield* Effect.provide(deliver(subject, moving("killed", turn), turn), as("shop", "killed"))
      yield* Effect.provide(isExactly("killed", turn), as("shop", "killed"))
    }))

  it.effect("says which verb on which resource as whom, with exit code 4", () =>
    Effect.gen(function*() {
      yield* makeNamespace("limited")
      yield* allow("limited", "limited", [{ apiGroups: [""], resources: ["configmaps"], verbs: ["*"] }])
      const objects = [configMap("fine", "limited", {}), deployment("web", "limited")]
      const error = yield* Effect.flip(deliver(delivery("shop", "limited"), objects))
      assert.strictEqual(error._tag, "AccessDenied")
      assert.strictEqual(exitCodeOf(error), 4)
      assert.include(error.message, "deploy/app.yaml:2: Deployment/limited/web: patch deployments.apps as limited")
      assert.isFalse(yield* exists("/api/v1/namespaces/limited/configmaps/fine"), "nothing was written")
    }).pipe(Effect.provide(asUser("limited", "shop", "limited"))))

  it.effect("replaces an object that is still on its way out", () =>
    Effect.gen(function*() {
      yield* makeNamespace("leaving")
      const subject = delivery("shop", "leaving")
      const path = "/api/v1/namespaces/leaving/configmaps/slow"
      yield* ask("POST", "/api/v1/namespaces/leaving/configmaps", {
        metadata: { name: "slow", finalizers: ["test.example.com/hold"] },
        data: { old: "yes" }
      })
      yield* ask("DELETE", path)
      const changeset = yield* plan(subject, [configMap("slow", "leaving", { key: "new" })])
      assert.deepStrictEqual(changeset.changes.map(({ action, unproven }) => [action, unproven]), [
        ["create", "the old object is still being deleted"]
      ])
      const run = yield* Effect.forkChild(carryOut(subject, changeset))
      // What leaves is not written any more: the refusal says that the wait for its end has begun.
      const plane = yield* Cluster
      const isRefused = Effect.map(Effect.promise(plane.readAudit), (events) =>
        events.some(({ requestURI, responseStatus, verb }) =>
          verb === "patch" && requestURI.startsWith(`${path}?`) && responseStatus?.code === 409
        ))
      yield* Effect.repeat(isRefused, {
        until: (refused) =>
          refused
      })
      assert.notInclude(JSON.stringify(yield* ask("GET", path)), "leaving.shop")
      yield* ask("PATCH", path, { metadata: { finalizers: null } }, "application/merge-patch+json")
      yield* Fiber.join(run)
      assert.deepInclude(yield* ask("GET", path), { data: { key: "new" } })
    }).pipe(Effect.provide(as("shop", "leaving"))))
})
