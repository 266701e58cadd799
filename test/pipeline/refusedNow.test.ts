import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { PolicyBundle } from "../../src/api/v1alpha1/PolicyBundle.ts"
import { key } from "../../src/domain/ObjectRef.ts"
import { policySet } from "../../src/domain/policySet.ts"
import { refusal, refusedNow } from "../../src/pipeline/refusedNow.ts"
import { Policy } from "../../src/policy/Policy.ts"
import { artifactOf, configMap, gate, manifestOf } from "../policy/gate.ts"

const atMostOne = `# METADATA
# scope: package
# schemas:
#   - input: schema.combined
package one

deny contains "there are two" if count(input) > 1
`

layer(gate())("what is put back", (it) => {
  it.effect("is asked of rules about all that stands, where they are new since", () =>
    Effect.gen(function*() {
      const policy = yield* Policy
      const resource = Schema.decodeUnknownSync(PolicyBundle)({
        apiVersion: "sluice.dev/v1alpha1",
        kind: "PolicyBundle",
        metadata: { name: "baseline" },
        spec: { source: { git: { url: "https://git.example.com/platform.git", branch: "main" } } }
      })
      const { bundle } = yield* policy.bundle(resource, artifactOf({ "one.rego": atMostOne }))
      const refused = yield* refusedNow({ current: Effect.succeed([bundle]) })
      const [a, b] = [manifestOf(configMap("a")), manifestOf(configMap("b"))]
      const { why } = yield* refused(policySet([]), [a], () => [a, b])
      const told = [...why].map(([id, [violation]]) => [id, refusal(violation!, " by now")])
      assert.deepStrictEqual(told, [[key(a.ref), "one of PolicyBundle baseline refuses it by now: there are two"]])
      assert.strictEqual((yield* refused(policySet([]), [a], () => [a])).why.size, 0)
    }))
})
