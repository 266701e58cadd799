import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { parse } from "yaml"
import type { JsonObject } from "../../src/domain/Json.ts"
import { run } from "../../src/policy/opa.ts"
import { Programs } from "../../src/programs/Programs.ts"
import { gate, judge } from "./gate.ts"

const folder = join(import.meta.dirname, "..", "..", "policies", "examples")
const names = readdirSync(folder, { recursive: true, encoding: "utf8" })
const text = (name: string) => readFileSync(join(folder, name), "utf8")

const files = Object.fromEntries(
  names.filter((name) => /\.(rego|yaml)$/.test(name)).map((name) => [`policies/${name}`, text(name)])
)
const samples = (kind: string) => names.filter((name) => name.endsWith(`${kind}.yaml`))
const sample = (name: string) => parse(text(name)) as JsonObject

layer(gate())("the shipped examples", (it) => {
  for (const name of samples("allowed")) {
    it.effect(`let ${name} pass`, () =>
      Effect.gen(function*() {
        const decision = yield* judge(files, [sample(name)])
        assert.deepStrictEqual([decision._tag, decision.violations], ["Passed", []])
      }))
  }

  for (const name of samples("denied")) {
    it.effect(`deny ${name} by their own policy alone, and say what helps`, () =>
      Effect.gen(function*() {
        const decision = yield* judge(files, [sample(name)])
        assert.strictEqual(decision._tag, "Denied")
        const [category] = name.split("/")
        assert.deepStrictEqual([...new Set(decision.violations.map((violation) => violation.package))], [
          `policies.${category}`
        ])
        for (const { remedy, source, title, url } of decision.violations) {
          assert.isTrue(remedy !== undefined && title !== undefined && url !== undefined && (source?.line ?? 0) > 1)
        }
      }))
  }

  it.effect("pass their own tests", () =>
    Effect.gen(function*() {
      const opa = yield* (yield* Programs).path("opa")
      const rego = names.filter((name) => name.endsWith(".rego"))
      const tested = yield* run(opa, folder, ["test", ...rego])
      assert.strictEqual(tested.exitCode, 0, tested.stdout)
      const checked = yield* run(opa, folder, ["check", "--strict", ...rego])
      assert.strictEqual(checked.exitCode, 0, checked.stderr)
      assert.strictEqual((yield* run(opa, folder, ["fmt", "-l", "."])).stdout, "")
    }))
})
