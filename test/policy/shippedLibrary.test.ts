import { afterAll, assert, describe, it, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { at, type JsonObject } from "../../src/domain/Json.ts"
import { loadBuiltins } from "../../src/policy/builtins/catalogue.ts"
import { compile } from "../../src/policy/compile.ts"
import * as Document from "../../src/policy/Document.ts"
import { Host } from "../../src/policy/host.ts"
import { judge } from "../../src/policy/judge.ts"
import { run } from "../../src/policy/opa.ts"
import { violationPath } from "../../src/policy/violationPath.ts"
import { Programs } from "../../src/programs/Programs.ts"
import { Base } from "./gate.ts"
import { folder, index, parametersOf, profiles, sampleOf, type Shipped, shipped, sources, textOf } from "./shipped.ts"

const documentOf = (
  judges: Shipped["judges"],
  documents: ReadonlyArray<JsonObject>
): ReadonlyArray<Document.Document> =>
  judges === "combined"
    ? [Document.ofAll(documents.map((object) => ({ path: "app.yaml", json: JSON.stringify(object) })))]
    : judges === "changeset"
    ? documents.map((document) =>
      Document.ofChangeset(document as unknown as Parameters<typeof Document.ofChangeset>[0])
    )
    : documents.map((object) => Document.ofObject(object, JSON.stringify(object)))

/** One compilation for all. */
const cacheDirectory = mkdtempSync(join(tmpdir(), "sluice-test-"))
afterAll(() => rmSync(cacheDirectory, { recursive: true }))

/** Judges documents by the whole library, compiled as the gate compiles it. */
const library = Effect.gen(function*() {
  const { rules, wasm } = yield* compile({ files: sources }, cacheDirectory)
  const module = yield* Effect.promise(() => WebAssembly.compile(wasm))
  const names = new Host(module, Buffer.from("{}"), new Map()).builtinNames
  const builtins = yield* Effect.promise(() => loadBuiltins(names, () => 1_795_773_600_000_000_000n))
  const findings = (judges: Shipped["judges"], documents: ReadonlyArray<JsonObject>, parameters: JsonObject) => {
    const host = new Host(module, Buffer.from(JSON.stringify({ parameters })), builtins)
    return documentOf(judges, documents).flatMap((document, position) =>
      judge(host, judges, 0, Buffer.from(document.json), document.identity).map((finding) =>
        Object.assign(finding, {
          policy: finding.rule === undefined ? "none" : rules[finding.rule]!.policy,
          object: documents[position]!
        })
      )
    )
  }
  return { rules, findings }
})

/** The same pod in every kind that makes pods. */
const inEveryKind = (template: JsonObject): ReadonlyArray<JsonObject> => {
  const object = (kind: string, rest: JsonObject): JsonObject => ({
    apiVersion: "v1",
    kind,
    metadata: { name: "web", namespace: "shop" },
    ...rest
  })
  const kinds = ["ReplicationController", "ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job", "Rollout"]
  return [
    ...kinds.map((kind) => object(kind, { spec: { template } })),
    object("Pod", { spec: template["spec"]! }),
    object("PodTemplate", { template }),
    object("CronJob", { spec: { jobTemplate: { spec: { template } } } })
  ]
}

/** Names of the parameters that a text of Rego reads. */
const read = (rego: string) => new Set([...rego.matchAll(/parameters\.value\(\s*"(\w+)"/gu)].map(([, name]) => name!))

describe("the shipped library", () => {
  it("has forty policies and more", () => assert.isAtLeast(shipped.length, 40))

  for (const policy of shipped) {
    it(`documents ${policy.id}`, () => {
      const { id, metadata, rego } = policy
      const [category, name] = id.split("/")
      const { custom, description, related_resources, title } = metadata
      assert.strictEqual(policy.package, `library.${id.replaceAll("-", "_").replace("/", ".")}`)
      assert.strictEqual(custom?.id, id)
      assert.include(["low", "medium", "high", "critical"], custom?.severity)
      assert.match(related_resources?.[0]?.ref ?? "", /^https:\/\//u)
      for (const text of [title, description, custom?.remedy]) assert.match(text ?? "", /^[^"].{10}/su)
      assert.isTrue(existsSync(join(folder, "rules", category!, name!, `${name}_test.rego`)))
      const told = new Set(Object.keys(custom?.parameters ?? {}))
      const known = read(sources.map(({ content }) => content.toString("utf8")).join("\n"))
      for (const parameter of read(rego)) assert.isTrue(told.has(parameter), `${parameter} is not documented`)
      for (const parameter of told) assert.isTrue(known.has(parameter), `${parameter} is not read`)
    })
  }

  it("has profiles of policies that there are", () => {
    const ids = new Set(shipped.map(({ id }) => id))
    for (const [name, policies] of Object.entries(profiles)) {
      assert.deepStrictEqual(policies.filter((policy) => !ids.has(policy)), [], name)
    }
    const restricted = new Set(profiles["pod-security/restricted"])
    assert.isTrue(profiles["pod-security/baseline"]?.every((policy) => restricted.has(policy)))
  })

  it("is listed in policies/README.md", () => {
    if (process.env.UPDATE_GOLDEN === "1") writeFileSync(join(folder, "README.md"), index())
    assert.strictEqual(textOf("README.md"), index())
  })
})

layer(Base)("the shipped library, compiled", (it) => {
  it.effect("passes its own tests, is formatted, and is well typed", () =>
    Effect.gen(function*() {
      const opa = yield* (yield* Programs).path("opa")
      const checked = yield* run(opa, folder, ["check", "--strict", "-s", "schemas", "lib", "rules"])
      assert.strictEqual(checked.exitCode, 0, checked.stderr)
      assert.strictEqual((yield* run(opa, folder, ["fmt", "-l", "lib", "rules"])).stdout, "")
      const tested = yield* run(opa, folder, ["test", "lib", "rules"])
      assert.strictEqual(tested.exitCode, 0, tested.stdout)
    }), 60_000)

  it.effect(
    "lets the allowed samples pass and finds what is wrong with the denied, where it is",
    () =>
      Effect.gen(function*() {
        const { findings } = yield* library
        for (const policy of shipped) {
          const of = (name: "allowed" | "denied") =>
            findings(policy.judges, sampleOf(policy, name), parametersOf(policy))
          const all = [...of("allowed"), ...of("denied")]
          assert.deepStrictEqual(
            all.filter(({ isError }) => isError === true).map(({ message }) => message),
            [],
            policy.id
          )
          const own = (name: "allowed" | "denied") => of(name).filter((finding) => finding.policy === policy.id)
          assert.deepStrictEqual(own("allowed").map(({ message }) => message), [], policy.id)
          assert.isAbove(own("denied").length, 0, policy.id)
          for (const { message, object, operation, path } of own("denied")) {
            assert.isTrue(path !== undefined || policy.judges === "changeset", `${policy.id}: ${message} is nowhere`)
            if (path === undefined || policy.judges === "combined") continue
            const operations = (object["operations"] ?? []) as ReadonlyArray<JsonObject>
            const judged = policy.judges === "object"
              ? object
              : at(operations.find(({ id }) => id === operation)!, "object") as JsonObject
            // What is missing has no place of its own: then the path leads to what should hold it.
            const holder = Array.isArray(path) ? path.slice(0, -1) : path
            assert.isDefined(
              violationPath(judged, path) ?? violationPath(judged, holder),
              `${policy.id}: ${JSON.stringify(path)}`
            )
          }
        }
      }),
    60_000
  )

  for (const judges of ["object", "changeset"] as const) {
    it.effect(
      `says of every sample of ${judges} rules what OPA itself says, to the letter`,
      () =>
        Effect.gen(function*() {
          const disk = yield* FileSystem.FileSystem
          const { findings, rules } = yield* library
          const opa = yield* (yield* Programs).path("opa")
          const scratch = yield* disk.makeTempDirectoryScoped({ prefix: "sluice-test-" })
          const samples = shipped.filter((policy) => policy.judges === judges).flatMap((policy) =>
            [...sampleOf(policy, "allowed"), ...sampleOf(policy, "denied")]
              .map((document) => ({ id: policy.id, document, parameters: parametersOf(policy) }))
          )
          const asked = rules.filter((rule) => rule.judges === judges)
            .map((rule) => `all contains text(found) if some found in data.${rule.package}.${rule.name}\n`)
          const texts = ["text(found) := found if is_string(found)\n", "text(found) := found.msg if is_object(found)\n"]
          // As a rule: in a comprehension of the query itself, OPA 1.22 keeps what a rule said under the first `with`.
          const answer = "answers := [sort(found) | some sample in input; found := all with input as sample.document " +
            "with data.parameters as sample.parameters]\n"
          const [rego, input] = [join(scratch, "question.rego"), join(scratch, "samples.json")]
          yield* disk.writeFileString(rego, ["package question\n", ...texts, ...asked, answer].join("\n"))
          yield* disk.writeFileString(input, JSON.stringify(samples))
          const parameters = [
            "eval",
            "-f",
            "raw",
            "-d",
            "lib",
            "-d",
            "rules",
            "-d",
            rego,
            "-i",
            input,
            "data.question.answers"
          ]
          const { stderr, stdout } = yield* run(opa, folder, parameters)
          assert.notStrictEqual(stdout, "", stderr)
          const answers = JSON.parse(stdout) as ReadonlyArray<ReadonlyArray<string>>
          assert.strictEqual(answers.length, samples.length)
          for (const [position, { document, id, parameters }] of samples.entries()) {
            const own = findings(judges, [document], parameters).map(({ message }) => message)
            assert.deepStrictEqual([...new Set(own)].sort(), [...answers[position]!].sort(), id)
          }
        }),
      60_000
    )
  }

  it.effect("denies what is denied also where nothing is known of what was there", () =>
    Effect.gen(function*() {
      const { findings } = yield* library
      for (const policy of shipped.filter(({ judges }) => judges === "changeset")) {
        const forget = (key: string, value: unknown): unknown => key === "oldObject" ? null : value
        const forgotten = JSON.parse(JSON.stringify(sampleOf(policy, "denied"), forget)) as ReadonlyArray<JsonObject>
        const denied = findings("changeset", forgotten, parametersOf(policy)).filter((found) =>
          found.policy === policy.id
        )
        assert.isAbove(denied.length, 0, policy.id)
      }
    }), 60_000)

  it.effect("denies a pod in whatever kind it is written", () =>
    Effect.gen(function*() {
      const { findings } = yield* library
      const categories = /^(pod-security|images|resources|secrets|service-accounts)\//u
      let judged = 0
      for (const policy of shipped.filter(({ id, judges }) => judges === "object" && categories.test(id))) {
        for (const deployment of sampleOf(policy, "denied").filter(({ kind }) => kind === "Deployment")) {
          for (const object of inEveryKind(at(deployment, "spec", "template") as JsonObject)) {
            judged++
            const denied = findings("object", [object], parametersOf(policy)).filter((found) =>
              found.policy === policy.id
            )
            assert.isAbove(denied.length, 0, `${policy.id} on ${String(object["kind"])}`)
          }
        }
      }
      assert.isAbove(judged, 200)
    }), 60_000)

  it.effect("says what each rule judges, and nothing of a document that is not its own", () =>
    Effect.gen(function*() {
      const { findings, rules } = yield* library
      for (const { judges, policy } of rules) {
        assert.strictEqual(judges, shipped.find(({ id }) => id === policy)?.judges, policy)
      }
      const ids = new Set(rules.map(({ policy }) => policy))
      assert.deepStrictEqual(shipped.filter(({ id }) => !ids.has(id)).map(({ id }) => id), [])
      const empty = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "shop" } }
      assert.deepStrictEqual(findings("object", [empty], {}), [])
    }), 60_000)
})
