import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { run } from "../../src/policy/opa.ts"
import { Programs } from "../../src/programs/Programs.ts"
import { gate, judge } from "./gate.ts"
import { objects, policies } from "./manyPolicies.ts"

layer(gate())("parity with opa eval", (it) => {
  it.effect("gives the same messages for the same policies and objects", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const folder = yield* files.makeTempDirectoryScoped()
      const opa = yield* (yield* Programs).path("opa")
      const sources = Object.fromEntries(
        Object.entries(policies).map(([name, body]) => [`policies/${name}.rego`, `package ${name}\n\n${body}\n`])
      )
      for (const [path, text] of Object.entries(sources)) {
        yield* files.writeFileString(`${folder}/${path.slice("policies/".length)}`, text)
      }
      for (const object of objects) {
        yield* files.writeFileString(`${folder}/input.json`, JSON.stringify(object))
        const names = Object.keys(policies).map((name) => `"${name}": data.${name}`).join(", ")
        const { stderr, stdout } = yield* run(opa, folder, [
          "eval",
          "-f",
          "raw",
          "-i",
          "input.json",
          ...Object.keys(policies).flatMap((name) => ["-d", `${name}.rego`]),
          `[[name, rule, result] | some name, rules in {${names}}; some rule, results in rules; some result in results]`
        ])
        const found = JSON.parse(stdout || JSON.stringify(stderr)) as ReadonlyArray<
          readonly [string, string, string | { readonly msg: string }]
        >
        const expected = found
          .map(([name, rule, result]) => [name, rule, typeof result === "string" ? result : result.msg].join("\0"))
          .sort()
        const decision = yield* judge(sources, [object])
        const got = decision.violations.map(({ message, package: name, rule }) => [name, rule, message].join("\0"))
          .sort()
        assert.deepStrictEqual(got, expected)
        assert.isAbove(got.length, 0)
      }
    }), 60_000)
})
