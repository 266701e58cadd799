import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { at, type Json, type JsonObject } from "../../../src/domain/Json.ts"
import { inventoryOf } from "../../../src/policy/gatekeeper/inventory.ts"
import { run } from "../../../src/policy/opa.ts"
import { Programs } from "../../../src/programs/Programs.ts"
import { Base } from "../gate.ts"
import { reviewer, reviewFor } from "./reviewer.ts"
import { type Case, objectsIn, suitesBelow, unmet } from "./suites.ts"

const library = process.env["SLUICE_GATEKEEPER_LIBRARY"]

const list = (value: Json | undefined): ReadonlyArray<Json> => Array.isArray(value) ? value as ReadonlyArray<Json> : []

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
    ...["-f", "raw", "-i", "input.json", "-d", "data.json"],
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
})
