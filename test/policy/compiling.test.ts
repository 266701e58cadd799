import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { Policy } from "../../src/policy/Policy.ts"
import { artifactOf, Base, configMap, deliveryOf, manifestOf, renderedOf } from "./gate.ts"

const workshops = { now: 0, most: 0 }

/** The disk, counting the folders in which OPA works. */
const counted = Layer.effect(
  FileSystem.FileSystem,
  Effect.map(FileSystem.FileSystem, (disk) => ({
    ...disk,
    makeTempDirectoryScoped: (options?: Parameters<typeof disk.makeTempDirectoryScoped>[0]) =>
      options?.prefix !== "sluice-policy-" ? disk.makeTempDirectoryScoped(options) : Effect.acquireRelease(
        Effect.sync(() => void (workshops.most = Math.max(workshops.most, ++workshops.now))),
        () => Effect.sync(() => workshops.now--)
      ).pipe(Effect.andThen(disk.makeTempDirectoryScoped(options)))
  }))
)

const gate = Layer.unwrap(
  Effect.map(
    Effect.flatMap(FileSystem.FileSystem, (disk) => disk.makeTempDirectoryScoped({ prefix: "sluice-test-" })),
    (cacheDirectory) => Policy.layer({ cacheDirectory, maskingKey: "key" })
  )
).pipe(Layer.provideMerge(counted), Layer.provideMerge(Base))

layer(gate)("compiling", (it) => {
  it.effect("takes the policies of two repositories at a time, however many there are", () =>
    Effect.gen(function*() {
      const policy = yield* Policy
      const judged = yield* Effect.forEach([1, 2, 3, 4, 5, 6], (index) =>
        Effect.gen(function*() {
          const files = { "policies/a.rego": `package a${index}\n\ndeny contains "no" if input.kind == "Pod"\n` }
          const set = yield* policy.load(deliveryOf(), artifactOf(files))
          return yield* policy.objects(set, renderedOf(manifestOf(configMap("a"))))
        }), { concurrency: "unbounded" })
      assert.deepStrictEqual(judged.map(({ _tag }) => _tag), Array.from({ length: 6 }, () => "Passed" as const))
      assert.strictEqual(workshops.most, 2)
    }), 60_000)

  it.effect("takes no more than a mebibyte of Rego of a repository", () =>
    Effect.gen(function*() {
      const many = `package a\n\n${"deny contains \"no\" if input.kind == \"Pod\"\n".repeat(30_000)}`
      const policy = yield* Policy
      const error = yield* Effect.flip(policy.load(deliveryOf(), artifactOf({ "policies/a.rego": many })))
      assert.match(error.message, /more than 1 MiB of Rego/u)
    }))

  it.effect("takes no more than a mebibyte, or a thousand, of templates and constraints", () =>
    Effect.gen(function*() {
      const policy = yield* Policy
      const refusal = Effect.fnUntraced(function*(text: string) {
        const set = yield* policy.load(deliveryOf(), artifactOf({ "policies/a.yaml": text }))
        return (yield* Effect.flip(policy.objects(set, renderedOf(manifestOf(configMap("a")))))).message
      })
      const one = (name: string) =>
        `---\napiVersion: constraints.gatekeeper.sh/v1beta1\nkind: A\nmetadata: {name: ${name}}\n`
      assert.match(yield* refusal(one("x".repeat(1_100_000))), /more than 1 MiB/u)
      const thousand = Array.from({ length: 1_001 }, (_, index) => one(`a${index}`)).join("")
      assert.match(yield* refusal(thousand), /more than 1000/u)
    }))
})
