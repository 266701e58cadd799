import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { JsonObject } from "../../src/domain/Json.ts"
import { configMap, deployment, gate, judge } from "./gate.ts"

const files = {
  "policies/images.rego": `package images

deny contains "latest" if {
	some container in input.spec.template.spec.containers
	endswith(container.image, ":latest")
}

deny contains "unnamed" if {
	some container in input.spec.template.spec.containers
	not contains(container.image, "/")
}

warn_owner contains "no owner" if not input.metadata.labels.owner
`,
  "policies/all.rego": `# METADATA
# scope: package
# schemas:
# - input: schema.combined
package pairs

deny contains "too many" if count(input) > 10
`,
  "policies/broken.rego": `package broken

deny contains "never" if value == "x"

value := "one" if input.data.key

value := "other" if input.data.key
`
}

layer(gate())("the evidence of a decision", (it) => {
  it.effect("counts each policy, and nothing as passed that could not be judged", () =>
    Effect.gen(function*() {
      const { evidence, summary } = yield* judge(files, [
        deployment("a", "x:latest"),
        deployment("b", "shop/x:1"),
        configMap("broken", { key: "value" }),
        configMap("fine")
      ])
      const rules = evidence?.rules.map(({ denied, passed, policy, warned }) => [policy, passed, warned, denied]).sort()
      assert.deepStrictEqual(rules, [
        ["broken", 3, 0, 1],
        ["images", 3, 4, 2],
        ["pairs", 1, 0, 0]
      ])
      const sum = (name: "passed" | "warned" | "denied") =>
        evidence!.rules.reduce((all, { [name]: count }) => all + count, 0)
      assert.deepStrictEqual(
        [sum("passed"), sum("warned"), sum("denied")],
        [summary.passed, summary.warned, summary.denied]
      )
    }))

  it.effect("says how many were judged for it: what is remembered is not judged again", () =>
    Effect.gen(function*() {
      const objects = [deployment("remembered", "shop/x:1"), configMap("remembered")]
      const [first, again, more] = [
        yield* judge(files, objects),
        yield* judge(files, objects),
        yield* judge(files, [...objects, configMap("new")])
      ]
      // The third document is that of all objects.
      assert.deepStrictEqual([first, again, more].map(({ evidence }) => evidence?.judged), [3, 1, 2])
      assert.strictEqual(first.evidence?.input, again.evidence?.input)
      assert.notStrictEqual(first.evidence?.input, more.evidence?.input)
    }))

  it.effect("has a digest of its input by which no short password is guessed", () =>
    Effect.gen(function*() {
      const secret = (value: string): JsonObject => ({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "s", namespace: "shop" },
        data: { value: Buffer.from(value).toString("base64") }
      })
      const inputOf = (value: string) => Effect.map(judge(files, [secret(value)]), ({ evidence }) => evidence?.input)
      const inputs = [yield* inputOf("1234"), yield* inputOf("1234"), yield* inputOf("1235")]
      assert.strictEqual(inputs[0], inputs[1])
      assert.notStrictEqual(inputs[0], inputs[2])
      const other = yield* Effect.map(judge(files, [secret("1234")]), ({ evidence }) => evidence?.input).pipe(
        Effect.provide(gate(undefined, { maskingKey: "another" }))
      )
      assert.notStrictEqual(inputs[0], other)
    }))
})
