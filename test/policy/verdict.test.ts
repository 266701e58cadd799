import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { Bundle } from "../../src/domain/Decision.ts"
import { aboutManifest } from "../../src/policy/objects.ts"
import { verdict } from "../../src/policy/verdict.ts"
import { configMap, manifestOf, renderedOf } from "./gate.ts"

const bundle: Bundle = {
  name: "repository",
  digest: "sha256:0",
  origin: "repository",
  enforcement: "enforce",
  isWaivable: true,
  waivers: [],
  files: [],
  regoVersion: "v1",
  parameters: {}
}

describe("a verdict", () => {
  it.effect("of thousands of findings lets others go on meanwhile", () =>
    Effect.gen(function*() {
      const data = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`k${index}`, `a/v${index}`]))
      const manifest = manifestOf(configMap("large", data))
      const rendered = renderedOf(manifest)
      const told = Array.from({ length: 2_000 }, (_, index) => {
        const finding = { bundle: 0, message: `a/v${index} is no value` }
        return { finding, about: aboutManifest(rendered, manifest, finding) }
      })
      let turns = 0
      const other = yield* Effect.forkChild(Effect.forever(Effect.andThen(Effect.yieldNow, Effect.sync(() => turns++))))
      const { violations } = yield* verdict([{ bundle, rules: [], names: [], ofRepository: [] }], told, {
        objects: 1,
        passed: 0
      })
      yield* Fiber.interrupt(other)
      assert.lengthOf(violations, 2_000)
      assert.isTrue(violations.every(({ source }) => source?.line === 102), "each is placed at its field")
      assert.isAtLeast(turns, 15)
    }))
})
