import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { at, type Json, type JsonObject } from "../../../src/domain/Json.ts"
import { loadBuiltins } from "../../../src/policy/builtins/catalogue.ts"
import { compile } from "../../../src/policy/compile.ts"
import { entrypoint } from "../../../src/policy/entrypoint.ts"
import { inventoryOf } from "../../../src/policy/gatekeeper/inventory.ts"
import { packageOf } from "../../../src/policy/gatekeeper/rewrite.ts"
import { Host } from "../../../src/policy/host.ts"
import { run } from "../../../src/policy/opa.ts"
import { plain } from "../../../src/policy/plain.ts"
import { Programs } from "../../../src/programs/Programs.ts"
import { Base } from "../gate.ts"
import { reviewer, reviewFor } from "./reviewer.ts"
import { type Case, objectsIn, suitesBelow, unmet } from "./suites.ts"

const library = process.env["SLUICE_GATEKEEPER_LIBRARY"]

const list = (value: Json | undefined): ReadonlyArray<Json> => Array.isArray(value) ? value as ReadonlyArray<Json> : []

/** Folders with tests of their own. */
const foldersOfRego = (root: string): ReadonlyArray<string> =>
  [
    ...new Set(
      readdirSync(root, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name.endsWith("_test.rego")).map((entry) => entry.parentPath)
    )
  ].sort()

/** The tests of a file, each name once: several rules of a name are one test of the wasm. */
const testsIn = (text: string): ReadonlyArray<string> => [
  ...new Set([...text.matchAll(/^(test_\w+)/gmu)].map(([, name]) => name!))
]

/** What `opa eval` says of the Rego of a template as it stands, for the same review and parameters. */
const asked = Effect.fnUntraced(function*(one: Case, request: JsonObject, parameters: Json) {
  const disk = yield* FileSystem.FileSystem
  const folder = yield* disk.makeTempDirectoryScoped({ prefix: "sluice-test-opa-" })
  const [template] = objectsIn(one.template)
  const target = at(template, "spec", "targets", 0)
  const code = list(at(target, "code")).find((part) => at(part, "engine") === "Rego")
  const source = at(code, "source") ?? target
  const rego = String(at(source, "rego"))
  const modules = [rego, ...list(at(source, "libs")).map(String)]
  yield* Effect.forEach(modules, (text, index) => disk.writeFileString(`${folder}/m${index}.rego`, text))
  const inventory = inventoryOf(one.inventory, "all")
  yield* disk.writeFileString(`${folder}/data.json`, JSON.stringify({ inventory }))
  yield* disk.writeFileString(`${folder}/input.json`, JSON.stringify({ review: request, parameters }))
  const name = /^\s*package\s+(\S+)/mu.exec(rego)![1]!
  const { stderr, stdout } = yield* run(yield* (yield* Programs).path("opa"), folder, [
    "eval",
    ...at(source, "version") === "v1" ? [] : ["--v0-compatible"],
    "-f",
    "raw",
    "-i",
    "input.json",
    "-d",
    "data.json",
    ...modules.flatMap((_, index) => ["-d", `m${index}.rego`]),
    `data.${name}.violation`
  ])
  assert.strictEqual(stderr, "")
  // as Gatekeeper's hook: what differs in message and details counts twice
  const results = (JSON.parse(stdout) as ReadonlyArray<JsonObject>).map(({ details, msg }) =>
    JSON.stringify([msg, details ?? {}])
  )
  return [...new Set(results)].map((text) => (JSON.parse(text) as [string])[0]).sort()
}, Effect.scoped)

layer(Base)("the Gatekeeper library, as published", (it) => {
  it.effect.skipIf(library === undefined)(
    "passes its own suites, with the messages of opa eval (SLUICE_GATEKEEPER_LIBRARY: a copy of the repository)",
    () =>
      Effect.gen(function*() {
        const { cases, suites } = suitesBelow(`${library!}/library`)
        const wrong: Array<string> = []
        const reviewers = new Map<string, Effect.Success<ReturnType<typeof reviewer>>>()
        let messages = 0
        for (const one of cases) {
          const key = one.template + one.constraint
          if (!reviewers.has(key)) {
            const files = { "template.yaml": one.template, "constraint.yaml": one.constraint }
            reviewers.set(key, yield* reviewer(files))
          }
          const { data, review, rules } = reviewers.get(key)!
          assert.strictEqual(rules.length, 1)
          const request = reviewFor(one.object, one.inventory)
          const findings = review(request, one.inventory)
          const got = findings.map(({ message }) => message).sort()
          const parameters = at(data, "sluice", "parameters", "0")!
          const isAbout = findings.length > 0 || one.assertions.some(({ violations = "yes" }) => violations !== "no")
          const wanted = isAbout ? yield* asked(one, request.request, parameters) : got
          messages += got.length
          const complaints = [
            ...findings.flatMap(({ isError, message }) => isError === true ? [message] : []),
            ...unmet(one.assertions, got),
            ...JSON.stringify(got) === JSON.stringify(wanted)
              ? []
              : [`${JSON.stringify(got)} is not ${JSON.stringify(wanted)}`]
          ]
          if (complaints.length > 0) wrong.push(`${one.name}: ${complaints.join("; ")}`)
        }
        console.info(
          `${suites} suites, ${cases.length} cases, ${cases.length - wrong.length} as wanted, ${messages} messages`
        )
        assert.deepStrictEqual(wrong, [])
        assert.isAtLeast(cases.length, 270)
      }),
    600_000
  )

  it.effect.skipIf(library === undefined)(
    "passes its suites with all templates in one wasm",
    () =>
      Effect.gen(function*() {
        const { cases } = suitesBelow(`${library!}/library`)
        // The samples of a template share names: each constraint gets its own.
        const tests = [...new Set(cases.map(({ constraint, template }) => JSON.stringify([template, constraint])))]
        const files = Object.fromEntries(tests.flatMap((text, index) => {
          const [template, constraint] = JSON.parse(text) as [string, string]
          const named = constraint.replace(/^( +name: ).*$/mu, `$1test-${index}`)
          const { kind } = objectsIn(constraint)[0]!
          return [[`${String(kind)}.yaml`, template], [`constraint-${index}.yaml`, named]]
        }))
        const { review, rules } = yield* reviewer(files)
        assert.strictEqual(rules.length, tests.length)
        const wrong = cases.flatMap((one) => {
          const index = tests.indexOf(JSON.stringify([one.template, one.constraint]))
          const rule = rules.findIndex(({ policy }) => policy.endsWith(`/test-${index}`))
          const findings = review(reviewFor(one.object, one.inventory), one.inventory)
          const own = findings.filter((finding) => finding.rule === undefined || finding.rule === rule)
          const told = unmet(one.assertions, own.map(({ message }) => message))
          return told.length === 0 && own.every(({ isError }) => isError !== true)
            ? []
            : [`${one.name}: ${told.join("; ")}`]
        })
        console.info(`${Object.keys(files).length} files, ${cases.length - wrong.length} of ${cases.length} cases`)
        assert.deepStrictEqual(wrong, [])
      }),
    120_000
  )

  it.effect.skipIf(library === undefined)("passes its unit tests on wasm", () =>
    Effect.gen(function*() {
      const disk = yield* FileSystem.FileSystem
      const cache = yield* disk.makeTempDirectoryScoped({ prefix: "sluice-test-units-" })
      const wrong: Array<string> = []
      let count = 0
      for (const folder of foldersOfRego(`${library!}/src`)) {
        const texts = readdirSync(folder).filter((name) => name.endsWith(".rego"))
          .map((name) => [name.replace("_test.rego", "_tests.rego"), readFileSync(join(folder, name), "utf8")] as const)
        const tests = texts.flatMap(([name, text]) =>
          name.endsWith("_tests.rego") ? testsIn(text).map((test) => ({ test, path: packageOf(text)!.join(".") })) : []
        )
        const runner = tests.map(({ path, test }) => `deny contains "${test}" if data.${path}.${test}`)
        const files = {
          "conftest.toml": "rego-version = \"v0\"\nnamespace = \"runner\"\n",
          "run/conftest.toml": "namespace = \"runner\"\n",
          "run/run.rego": `package runner\n\n${runner.join("\n\n")}\n`,
          ...Object.fromEntries(texts)
        }
        const sources = Object.entries(files).map(([path, text]) => ({ path, content: Buffer.from(text) }))
        const { data, wasm } = yield* compile({ files: sources }, cache)
        const module = yield* Effect.promise(() => WebAssembly.compile(wasm))
        const names = new Host(module, Buffer.from("{}"), new Map()).builtinNames
        const builtins = yield* Effect.promise(() => loadBuiltins(names, () => 1_700_000_000_000_000_000n))
        const host = new Host(module, data, builtins)
        const answer = plain(host.evaluate(entrypoint("object"), Buffer.from("{}"))!)
        const passed = new Set(list(at(answer, "found", "0")))
        count += tests.length
        wrong.push(...tests.flatMap(({ path, test }) => passed.has(test) ? [] : [`${path}.${test}`]))
      }
      console.info(`${count - wrong.length} of ${count} unit tests`)
      assert.deepStrictEqual(wrong, [])
    }), 300_000)
})
