import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { fileURLToPath } from "node:url"
import type { PolicyUnavailable } from "../../src/domain/StageError.ts"
import { run } from "../../src/policy/opa.ts"
import type { Policy } from "../../src/policy/Policy.ts"
import { schemas } from "../../src/policy/schemas.ts"
import { Programs } from "../../src/programs/Programs.ts"
import { Base, configMap, gate, judge } from "./gate.ts"

const refused = (files: Readonly<Record<string, string>>) =>
  Effect.flip(judge(files, [configMap("a")])) as Effect.Effect<PolicyUnavailable, unknown, Policy>

const declared = (schema: string, body: string) =>
  `# METADATA\n# scope: package\n# schemas:\n# - input: ${schema}\npackage a\n\ndeny contains "x" if {\n\t${body}\n}\n`

const wrong = [
  ["object", "input.request.operation == \"DELETE\"", "input.request"],
  ["object", "input.operations[_].op == \"delete\"", "input.operations"],
  ["object", "input.changeset.trigger == \"git\"", "input.changeset"],
  ["object", "input.metadata.lables.app", "input.metadata.lables"],
  ["changeset", "input.operations[_].object.spec; input.operations[_].old", "input.operations[_].old"],
  ["changeset", "input.request.operation == \"DELETE\"", "input.request.operation"],
  ["combined", "input[_].content.kind", "input[_].content"]
] as const

const right = [
  [
    "object",
    "input.metadata.labels[\"a/b\"] == \"c\"; input.spec.template.spec.containers[_].image; input.webhooks[0]"
  ],
  ["object", "object.get(input, \"widget\", null) == 3"],
  ["changeset", "some o in input.operations; o.object.spec.replicas < o.oldObject.spec.replicas; o.source.file"],
  ["changeset", "input.changeset.source.previousRevision == null; not input.changeset.source.signature.verified"],
  ["combined", "input[_].contents.metadata.name == input[_].path"]
] as const

layer(gate())("policies that say what they judge are typed by it", (it) => {
  for (const [schema, body, field] of wrong) {
    it.effect(`refuses ${field} of ${schema} with its line`, () =>
      Effect.gen(function*() {
        const error = yield* refused({ "policies/a.rego": declared(`schema.${schema}`, body) })
        assert.strictEqual(error.origin?.file, "policies/a.rego")
        assert.include([7, 8], error.origin?.line)
        assert.include(error.detail, field.split(".").slice(0, 2).join("."))
      }))
  }

  for (const [schema, body] of right) {
    it.effect(`lets ${schema} ${body} be`, () =>
      Effect.gen(function*() {
        yield* judge({ "policies/a.rego": declared(`schema.${schema}`, body) }, [configMap("a")])
      }))
  }

  it.effect("says how to read a field that the schema lacks", () =>
    Effect.gen(function*() {
      const error = yield* refused({ "policies/a.rego": declared("schema.object", "input.widget == 3") })
      assert.include(error.hint ?? "", "object.get(input, \"name\", null)")
    }))

  it.effect("refuses a name that is almost ours: the rule would judge objects, and never say anything", () =>
    Effect.gen(function*() {
      for (const name of ["changset", "changesets", "combine"]) {
        const error = yield* refused({ "policies/a.rego": declared(`schema.${name}`, "input.summary.delete > 3") })
        assert.strictEqual(error.origin?.file, "policies/a.rego")
        assert.isDefined(error.origin?.line)
        assert.match(error.detail, /is schema\.(changeset|combined) meant\?/u)
      }
    }))

  it.effect("takes schemas of the author's own for anything, wherever they are", () =>
    Effect.gen(function*() {
      for (const schema of ["schema.mine", "schema[\"my-own\"].deep", "schema[\"no/file ../name\"]"]) {
        yield* judge({ "policies/a.rego": declared(schema, "input.widget == 3") }, [configMap("a")])
      }
      const inline = "# METADATA\n# schemas:\n# - data.acl: schema[\"acl-schema\"]\n# - input: {type: object}\n"
      const rule = "deny contains \"x\" if input.widget == data.acl.users[_]\n"
      yield* judge({
        "policies/a.rego": `package a\n\n${inline}${rule}`,
        "policies/acl.yaml": "acl: {users: [dana]}\n"
      }, [configMap("a")])
    }))

  it.effect("refuses rules for admission reviews, which would never say anything, and leaves libraries for both be", () =>
    Effect.gen(function*() {
      const error = yield* refused({
        "policies/a.rego": "package a\n\ndeny contains \"no\" if {\n\tinput.request.operation == \"DELETE\"\n}\n"
      })
      assert.deepStrictEqual(error.origin, { file: "policies/a.rego", line: 3, column: 1 })
      assert.match(error.detail, /deny asks for input\.request, which no object has/u)
      const both = `package a

is_review if "review" in object.keys(input)

resource := input.review.object if is_review

resource := input if not is_review

deny contains resource.kind if {
	not input.request
	kinds := {kind | kind := input.request.kind.kind}
	count(kinds) == 0
	object.get(input, ["request", "uid"], "") == ""
	input.review == "x" with input as {"review": "x"}
}
`
      const decision = yield* judge({ "policies/a.rego": both }, [configMap("a")])
      assert.deepStrictEqual(decision.violations.map(({ message }) => message), ["ConfigMap"])
    }))

  it.effect("leaves JSON Schemas beside policies out of the data", () =>
    Effect.gen(function*() {
      const decision = yield* judge({
        "policies/a.rego": "package a\n\ndeny contains json.marshal(data.limits) if not data.title\n",
        "policies/schemas/object.json": JSON.stringify(schemas.object),
        "policies/schemas/combined.json": JSON.stringify(schemas.combined),
        "policies/limits.json": "{\"$schema\": \"./limits.schema.json\", \"limits\": 3}"
      }, [configMap("a")])
      assert.deepStrictEqual(decision.violations.map(({ message }) => message), ["3"])
    }))
})

layer(Base)("the shipped policies", (it) => {
  it.effect("pass opa check --strict --schema policies/schemas", () =>
    Effect.gen(function*() {
      const root = fileURLToPath(new URL("../..", import.meta.url))
      const opa = yield* (yield* Programs).path("opa")
      const files = yield* FileSystem.FileSystem
      const link = yield* files.makeTempDirectoryScoped()
      yield* files.symlink(`${root}policies`, `${link}/policies`)
      const { exitCode, stderr } = yield* run(opa, link, ["check", "--strict", "-s", "policies/schemas", "policies"])
      assert.deepStrictEqual([exitCode, stderr], [0, ""])
    }))
})
