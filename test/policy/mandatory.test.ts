import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { PolicyBundle } from "../../src/api/v1alpha1/PolicyBundle.ts"
import type { JsonObject } from "../../src/domain/Json.ts"
import { policySet } from "../../src/domain/policySet.ts"
import { Policy } from "../../src/policy/Policy.ts"
import { artifactOf, configMap, deliveryOf, gate, manifestOf, renderedOf } from "./gate.ts"

type Files = Readonly<Record<string, string>>

/** By bundles of the platform, in that order, and by a repository that does what it can. */
const judgeBy = Effect.fnUntraced(function*(
  bundles: ReadonlyArray<readonly [spec: object, files: Files]>,
  repository: Files,
  objects: ReadonlyArray<JsonObject>,
  own: object = {}
) {
  const policy = yield* Policy
  const platform = yield* Effect.forEach(bundles, ([spec, files], index) =>
    Effect.map(
      policy.bundle(
        Schema.decodeUnknownSync(PolicyBundle)({
          apiVersion: "sluice.dev/v1alpha1",
          kind: "PolicyBundle",
          metadata: { name: `platform-${index}` },
          spec: { source: { git: { url: "https://git.example.com/platform.git", branch: "main" } }, ...spec }
        }),
        artifactOf(files)
      ),
      ({ bundle }) => bundle
    ))
  const loaded = yield* policy.load(deliveryOf(own), artifactOf(repository))
  const set = policySet([...platform, ...loaded.bundles], loaded.waivers)
  const manifests = objects.map((object) => manifestOf(object))
  const decision = yield* policy.objects(set, renderedOf(...manifests))
  return decision
})

const privileged = {
  "privileged.rego": "package privileged\n\ndeny contains \"it is privileged\" if input.data.privileged\n"
}

const saidBy = (
  { violations }: { readonly violations: ReadonlyArray<{ bundle: { name: string }; message: string }> }
) => violations.map(({ bundle, message }) => `${bundle.name}: ${message}`)

layer(gate(undefined, { deadline: 10_000 }), { excludeTestServices: true })("a mandatory bundle", (it) => {
  it.effect("has its denials heard however many warnings it has as well", () =>
    Effect.gen(function*() {
      const warnings =
        "package a_warns\n\nwarn contains sprintf(\"%d\", [number]) if some number in numbers.range(1, 500)\n"
      const decision = yield* judgeBy([[{}, { "warns.rego": warnings, ...privileged }]], {}, [
        configMap("a", { privileged: "yes" })
      ])
      assert.strictEqual(decision._tag, "Denied")
      assert.include(saidBy(decision), "platform-0: it is privileged")
      assert.include(saidBy(decision), "platform-0: and 401 more findings")
      assert.isAtMost(decision.violations.length, 110)
    }), 30_000)

  it.effect("has its denials heard however much is waived", () =>
    Effect.gen(function*() {
      const many = "package a_many\n\ndeny contains sprintf(\"%d\", [number]) if some number in numbers.range(1, 500)\n"
      const waived = { policy: "a_many", reason: "INC-42", owner: "dana", until: "2026-12-31T00:00:00Z" }
      const decision = yield* judgeBy([[{ waivers: [waived] }, { "many.rego": many, ...privileged }]], {}, [
        configMap("a", { privileged: "yes" })
      ])
      assert.strictEqual(decision._tag, "Denied")
      assert.deepStrictEqual(saidBy(decision), ["platform-0: it is privileged"])
    }), 30_000)
})
