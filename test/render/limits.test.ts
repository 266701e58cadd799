import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import { monitorEventLoopDelay } from "node:perf_hooks"
import * as renderTest from "./renderTest.ts"
import { render } from "./renderTest.ts"

const configMap = (name: string, text = "x") =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  text: ${text}\n`
const many = (count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`app/${index}.yaml`, configMap(`m-${index}`, "x".repeat(900))])
  )

layer(renderTest.layer({ maximumObjects: 1_000, maximumBytes: 1_000_000, parseDeadline: "1 minute" }))(
  "limits",
  (it) => {
    it.effect("keep the event loop free while YAML is parsed", () =>
      Effect.gen(function*() {
        // what is compiled and loaded at first use is not what is measured here
        yield* render(many(20), { path: "app" })
        const late: Array<number> = []
        // What else the machine does makes the loop late as well: one of some times is undisturbed.
        while (late.length < 5 && !late.some((time) => time < 50)) {
          const documents = Array.from({ length: 900 }, (_, index) =>
            configMap(`d-${late.length}-${index}`, "y".repeat(900)))
          const delay = monitorEventLoopDelay({ resolution: 5 })
          delay.enable()
          const { manifests } = yield* render({ "one.yaml": documents.join("---\n") })
          delay.disable()
          assert.strictEqual(manifests.length, 900)
          late.push(delay.percentile(99) / 1e6)
        }
        assert.isBelow(Math.min(...late), 50)
      }))

    it.effect("of objects", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(render(many(1_001), { path: "app" }))
        assert.match(error.message, /more than 1000 objects/)
      }))

    it.effect("of a program's output", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(render({
          "Chart.yaml": "apiVersion: v2\nname: x\nversion: 1.0.0\n",
          "templates/x.yaml": "{{ range until 100000 }}\n# aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n{{ end }}"
        }))
        assert.match(error.message, /helm: it wrote more than 1000000 bytes/)
      }))

    it.effect("of what files hold together", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(render({ "a.yaml": configMap("a", "z".repeat(1_000_001)) }))
        assert.match(error.message, /more than 1000000 bytes/)
      }))

    it.effect("of what aliases of long texts make of one document, and of many", () =>
      Effect.gen(function*() {
        const aliased = (name: string, length: number) =>
          `${configMap(name)}  long: &long ${"x".repeat(length)}\nlist: [${"*long, ".repeat(99)}]\n`
        const one = yield* Effect.flip(render({ "a.yaml": aliased("a", 20_000) }))
        assert.match(one.message, /aliases expand to too much/)
        const texts = Array.from({ length: 30 }, (_, index) => aliased(`a-${index}`, 9_000))
        const many = yield* Effect.flip(render({ "a.yaml": texts.join("---\n") }))
        assert.match(many.message, /expand to more than 2000000 characters/)
      }))

    it.effect("but not of a long text with many escapes", () =>
      Effect.gen(function*() {
        const text = JSON.stringify({
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { name: "dashboard" },
          data: { text: "\n\":".repeat(150_000) }
        })
        const { manifests } = yield* Effect.scoped(render({ "a.json": text }))
        assert.lengthOf(manifests, 1)
      }))

    it.effect("of the parser's time: what never ends is stopped with its thread", () =>
      Effect.gen(function*() {
        const merges = Array.from({ length: 90 }, (_, at) => `m${at}: {<<: *big}`).join("\n")
        const big = Array.from({ length: 20_000 }, (_, at) => `k${at}: 1`).join(", ")
        const error = yield* Effect.flip(render({ "a.yaml": `big: &big {${big}}\n${merges}\n` }))
        assert.match(error.message, /expand to too much/)
      }))

    it.effect("of a program's time: a template that never ends is killed", () =>
      Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(Effect.flip(render({
          "Chart.yaml": "apiVersion: v2\nname: x\nversion: 1.0.0\n",
          "templates/x.yaml": "{{ range until 1000000000 }}{{ range until 1000000000 }}{{ end }}{{ end }}"
        })))
        while (fiber.pollUnsafe() === undefined) {
          yield* TestClock.adjust("1 minute")
          yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 20)))
        }
        assert.match((yield* Fiber.join(fiber)).message, /helm: it took longer than 1m/)
      }))
  }
)
