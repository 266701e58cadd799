import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import type { PolicyUnavailable } from "../../src/domain/StageError.ts"
import { ProgramUnavailable } from "../../src/domain/StageError.ts"
import { Policy } from "../../src/policy/Policy.ts"
import { Programs } from "../../src/programs/Programs.ts"
import { configMap, gate, judge } from "./gate.ts"

/** The error of a set that has to be refused. */
const refused = (files: Readonly<Record<string, string>>, policy: object = {}) =>
  Effect.flip(judge(files, [configMap("a")], policy)) as Effect.Effect<PolicyUnavailable, unknown, Policy>

layer(gate())("compiling policies", (it) => {
  it.effect("says file, line and column of a type error", () =>
    Effect.gen(function*() {
      const error = yield* refused({ "policies/a.rego": "package a\n\ndeny contains x if {\n\tx := nowhere\n}\n" })
      assert.deepStrictEqual(error.origin, { file: "policies/a.rego", line: 4, column: 2 })
      assert.include(error.message, "policies/a.rego:4")
      assert.include(error.detail, "nowhere")
    }))

  it.effect("says file and line of text that is not Rego, and names the others", () =>
    Effect.gen(function*() {
      const error = yield* refused({
        "policies/a b:c.rego": "package a\n\ndeny contains }",
        "policies/b.rego": "package b\nx := y if"
      })
      assert.strictEqual(error.origin?.file, "policies/a b:c.rego")
      assert.strictEqual(error.origin?.line, 3)
    }))

  it.effect("says how to move from Rego v0", () =>
    Effect.gen(function*() {
      const error = yield* refused({ "policies/a.rego": "package a\n\ndeny[msg] {\n\tmsg := \"no\"\n}\n" })
      assert.strictEqual(error.origin?.line, 3)
      assert.include(error.hint ?? "", "opa fmt --write --v0-v1")
    }))

  it.effect("helps with the problem whose place it tells, and sends nobody looking for built-ins where a library lacks", () =>
    Effect.gen(function*() {
      const unused = yield* refused({
        "policies/a.rego": "package a\n\ndeny contains \"x\" if {\n\tsome i\n\tfoo(1)\n}\n"
      })
      assert.strictEqual(unused.origin?.line, 4)
      assert.isUndefined(unused.hint)
      const library = yield* refused({
        "policies/a.rego": "package a\n\nimport data.lib\n\ndeny contains \"x\" if lib.bad(input)\n"
      })
      assert.match(library.hint ?? "", /^Mend its name, or have the folder/u)
    }))

  for (const call of ["http.send({})", "opa.runtime()", "rand.intn(\"a\", 2)", "net.lookup_ip_addr(\"a\")"]) {
    it.effect(`refuses ${call} with its line`, () =>
      Effect.gen(function*() {
        const error = yield* refused({ "policies/a.rego": `package a\n\ndeny contains "x" if {\n\t${call}\n}\n` })
        assert.deepStrictEqual([error.origin?.file, error.origin?.line], ["policies/a.rego", 4])
        assert.include(error.detail, `undefined function ${call.slice(0, call.indexOf("("))}`)
      }))
  }

  for (
    const [rule, word] of [
      ["deny if input.kind == \"x\"", "boolean"],
      ["default deny := false", "boolean"],
      ["violation_a := 3 if input.kind", "number"],
      ["deny[message] if message := \"a\"", "contains"],
      ["warn.a contains \"b\" if input.kind", "contains"],
      ["deny := {\"msg\": \"a\"}", "an object, not a set of results"]
    ] as const
  ) {
    it.effect(`refuses \`${rule}\`, which could never deny anything`, () =>
      Effect.gen(function*() {
        const error = yield* refused({ "policies/a.rego": `package a\n\n# why\n${rule}\n` })
        assert.deepStrictEqual([error.origin?.file, error.origin?.line], ["policies/a.rego", 4])
        assert.include(error.detail, word)
      }))
  }

  it.effect("refuses an import that nothing provides, with its line: rules built on it would say nothing", () =>
    Effect.gen(function*() {
      const text = (name: string) => `package a\n\nimport data.${name}\n\ndeny contains "x" if lib.bad[input.kind]\n`
      const error = yield* refused({ "policies/a.rego": text("nowhere.lib") })
      assert.deepStrictEqual(error.origin, { file: "policies/a.rego", line: 3 })
      assert.include(error.detail, "data.nowhere.lib")
    }))

  it.effect("refuses policies of which none reports anything: they would let all pass", () =>
    Effect.gen(function*() {
      for (const rule of ["default allow := false", "denied contains \"x\" if input.kind", "deny_all(x) := x"]) {
        const error = yield* refused({ "policies/a.rego": `package a\n\n${rule}\n` })
        assert.match(error.message, /none of its rules reports anything/u)
      }
    }))

  it.effect("refuses a package of Sluice's own", () =>
    Effect.gen(function*() {
      const error = yield* refused({ "policies/a.rego": "package sluice.shim\n\ndeny contains \"a\"\n" })
      assert.strictEqual(error.origin?.file, "policies/a.rego")
      assert.include(error.detail, "package sluice.shim")
    }))

  it.effect("refuses data that hides a rule, and a document named sluice", () =>
    Effect.gen(function*() {
      const rules = { "policies/a.rego": "package a\n\ndeny contains \"a\"\n" }
      const hidden = yield* refused({ ...rules, "policies/data.json": "{\"a\": {\"deny\": []}}" })
      assert.include(hidden.detail, "conflict")
      const own = yield* refused({ ...rules, "policies/data.json": "{\"sluice\": {\"only\": \"7\"}}" })
      assert.include(own.detail, "sluice")
    }))

  it.effect("refuses data that cannot be read, and says which file", () =>
    Effect.gen(function*() {
      const error = yield* refused({
        "policies/a.rego": "package a\n\ndeny contains \"a\"\n",
        "policies/limits.json": "{"
      })
      assert.include(error.detail, "policies/limits.json")
    }))

  it.effect("tells at most ten problems", () =>
    Effect.gen(function*() {
      const lines = Array.from({ length: 30 }, (_, index) => `deny contains a${index} if true`)
      const error = yield* refused({ "policies/a.rego": `package a\n\n${lines.join("\n")}\n` })
      assert.isBelow(error.detail.split("policies/a.rego:").length, 11)
    }))

  it.effect("refuses a path that is named and not there", () =>
    Effect.gen(function*() {
      const error = yield* refused({ "policies/a.rego": "package a\n" }, { paths: ["rules"] })
      assert.include(error.detail, "\"rules\"")
    }))

  it.effect("leaves tests and samples out", () =>
    Effect.gen(function*() {
      const decision = yield* judge({
        "policies/a.rego": "package a\n\ndeny contains \"a\" if input.kind == \"Secret\"\n",
        "policies/a_test.rego": "package a_test\n\nthis is not Rego",
        "policies/examples/denied.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n"
      }, [configMap("a")])
      assert.strictEqual(decision._tag, "Passed")
    }))
})

layer(gate())("the cache of compiled policies", (it) => {
  it.effect("needs no program in a second process", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const folder = yield* files.makeTempDirectoryScoped()
      const rules = { "policies/a.rego": "package a\n\ndeny contains \"never\"\n" }
      const run = Effect.provide(judge(rules, [configMap("a")]), Layer.fresh(gate(folder)), { local: true })
      const first = yield* run
      const withoutPrograms = Layer.succeed(Programs, {
        path: (program) => Effect.fail(new ProgramUnavailable({ program, version: "v0", tried: [] })),
        look: () => Effect.succeed({ version: "v0", file: undefined, instead: "not there", isObtained: true })
      })
      const second = yield* Effect.provide(
        judge(rules, [configMap("a")]),
        Policy.layer({ cacheDirectory: folder, maskingKey: "key" }).pipe(Layer.provide(withoutPrograms)),
        { local: true }
      )
      assert.deepStrictEqual(second, first)
      const kept = (yield* files.readDirectory(folder)).find((name) => name.endsWith(".policy"))
      yield* files.truncate(`${folder}/${kept}`, 10_000)
      assert.deepStrictEqual(yield* run, first)
    }))
})
