import { assert, layer } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import type { InventoryEntry } from "../../src/domain/Inventory.ts"
import { Drift } from "../../src/drift/Drift.ts"
import { as, ask, Cluster, cluster, makeNamespace } from "../apply/Cluster.ts"
import { configMap, delivery } from "../apply/Subject.ts"
import { tend } from "../drift/Tended.ts"

const mergePatch = "application/merge-patch+json"
const objects = 200
const edits = 100
/** More than sixteen connections of eighty streams hold. */
const namespaces = 1_300

const options = { excludeTestServices: true, timeout: "2 minutes" } as const

layer(Layer.mergeAll(cluster({}), Drift.layer), options)("drift latency", (it) => {
  it.effect("heals one edit within milliseconds, and two hundred at once within seconds", () =>
    Effect.gen(function*() {
      yield* makeNamespace("speed")
      const { healed } = yield* tend(
        delivery("shop", "speed"),
        Array.from({ length: objects }, (_, index) => configMap(`c-${index}`, "speed", { key: "1" }))
      )
      const edit = (index: number, value: string) =>
        ask("PATCH", `/api/v1/namespaces/speed/configmaps/c-${index}?fieldManager=kubectl-edit`, {
          data: { key: value }
        }, mergePatch)

      const times: Array<number> = []
      for (let turn = 0; turn < edits; turn++) {
        yield* edit(turn % objects, `${turn} edited`)
        const answered = yield* Clock.currentTimeNanos
        assert.strictEqual((yield* Queue.take(healed)).ref.name, `c-${turn % objects}`)
        times.push(Number((yield* Clock.currentTimeNanos) - answered) / 1e6)
      }
      times.sort((a, b) => a - b)
      const [median, p99] = [times[edits / 2]!, times[Math.floor(edits * 0.99) - 1]!]
      console.info(`from an edit's answer to healed: median ${median.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`)

      const began = yield* Clock.currentTimeMillis
      yield* Effect.forEach(
        Array.from({ length: objects }, (_, index) => index),
        (index) => edit(index, "burst"),
        { concurrency: 32, discard: true }
      )
      const answered = yield* Clock.currentTimeMillis
      const names = new Set<string>()
      while (names.size < objects) names.add((yield* Queue.take(healed)).ref.name)
      const done = yield* Clock.currentTimeMillis
      console.info(`${objects} edits in ${answered - began} ms, all healed ${done - answered} ms after the last answer`)
      assert.isBelow(median, 1_000)
      assert.isBelow(done - began, 20_000)
    }).pipe(Effect.scoped, Effect.provide(as("shop", "speed"))))

  it.effect("opens as many watches as there are namespaces", () =>
    Effect.gen(function*() {
      const [drift, plane] = [yield* Drift, yield* Cluster]
      const watch = yield* drift.watch({ label: "shop.speed", allowManagers: [] })
      const [time] = yield* Effect.timed(watch.follow(
        Array.from({ length: namespaces }, (_, index): InventoryEntry => ({
          ref: { group: "", kind: "ConfigMap", namespace: `many-${index}`, name: "a" },
          apiVersion: "v1"
        }))
      ))
      console.info(`${namespaces} namespaces listed in ${Duration.toMillis(time).toFixed(0)} ms`)
      const opened = Effect.map(Effect.promise(plane.readAudit), (events) =>
        new Set(
          events.filter(({ requestURI, stage }) =>
            stage === "ResponseStarted" && requestURI.includes("/many-") && requestURI.includes("watch=true")
          ).map(({ objectRef }) => objectRef?.namespace)
        ).size)
      yield* Effect.repeat(opened, { schedule: Schedule.spaced("50 millis"), until: (count) => count === namespaces })
    }).pipe(Effect.scoped, Effect.provide(as("shop", "many"))))
})
