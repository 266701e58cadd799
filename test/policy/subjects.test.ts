import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { configMap, gate, judge } from "./gate.ts"

const combined = `# METADATA
# scope: package
# schemas:
# - input: schema.combined
package together

deny contains sprintf("%d objects, %s last in %s", [count(input), last.contents.metadata.name, last.path]) if {
	last := input[count(input) - 1]
}
`

const refusal = (files: Readonly<Record<string, string>>) =>
  Effect.map(Effect.flip(judge(files, [configMap("a")])), (error) => error.message)

layer(gate())("the documents that rules judge", (it) => {
  it.effect("gives rules with schema.combined all objects at once, and the others one by one", () =>
    Effect.gen(function*() {
      const files = {
        "policies/together.rego": combined,
        "policies/each.rego": "package each\n\ndeny contains input.metadata.name\n"
      }
      const decision = yield* judge(files, [configMap("a"), configMap("b")])
      assert.deepStrictEqual(
        decision.violations.map(({ message, object }) => [message, object.kind]),
        [["a", "ConfigMap"], ["b", "ConfigMap"], ["2 objects, b last in app.yaml", "List"]]
      )
      assert.strictEqual(decision.summary.denied, 3)
    }))

  it.effect("asks no rule about another kind of document", () =>
    Effect.gen(function*() {
      const said = "# METADATA\n# scope: package\n# schemas:\n# - input: schema.changeset\npackage changes\n"
      const changes = `${said}\ndeny contains "x" if true\n`
      const decision = yield* judge({ "policies/changes.rego": changes }, [configMap("a")])
      assert.strictEqual(decision._tag, "Passed")
      assert.deepStrictEqual(decision.summary, { objects: 1, passed: 0, warned: 0, denied: 0, waived: 0 })
    }))

  it.effect("refuses rules on changesets that do not say so: they would never fire", () =>
    Effect.gen(function*() {
      const rule = "deny contains \"x\" if {\n\tsome change in input.operations\n\tchange.op == \"delete\"\n}\n"
      const message = yield* refusal({ "policies/a.rego": `package a\n\n${rule}` })
      assert.match(message, /policies\/a\.rego:3.*input\.operations.*schema\.changeset/su)
      const said = "# METADATA\n# schemas:\n# - input: schema.changeset\n"
      const decision = yield* judge({ "policies/a.rego": `package a\n\n${said}${rule}` }, [configMap("a")])
      assert.strictEqual(decision._tag, "Passed")
    }))

  it.effect("refuses one rule that judges two kinds of documents", () =>
    Effect.gen(function*() {
      const body = (subject: string) =>
        `# METADATA\n# schemas:\n# - input: schema.${subject}\ndeny contains "${subject}" if input.kind\n\n`
      const message = yield* refusal({ "policies/a.rego": `package a\n\n${body("object")}${body("changeset")}` })
      assert.match(message, /deny judge different documents/u)
    }))
})
