import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { execFile } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { isJsonObject, type JsonObject } from "../../src/domain/Json.ts"
import { maskSecret } from "../../src/domain/mask.ts"
import { readDocuments } from "../../src/domain/readYaml.ts"
import { Policy } from "../../src/policy/Policy.ts"
import { artifactOf, deliveryOf, gate, manifestOf, renderedOf } from "./gate.ts"
import { objects as ownObjects, policies } from "./manyPolicies.ts"

const conftest = process.env["SLUICE_CONFTEST"]
/** `examples` of conftest's own repository. */
const examples = process.env["SLUICE_CONFTEST_EXAMPLES"]
/** More folders of conftest's policies, with a colon between them. */
const others = (process.env["SLUICE_CONFTEST_POLICIES"] ?? "").split(":").filter((path) => path !== "")
const corpus = resolve(process.env["SLUICE_CORPUS"] ?? join(import.meta.dirname, "../../../shared/corpus"))

const filesBelow = (root: string, pattern: RegExp): ReadonlyArray<string> =>
  existsSync(root)
    ? readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && pattern.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
    : []

/** Documents of a file that are objects; none of a file that is no YAML (a chart's template). */
const objectsOf = (path: string): ReadonlyArray<JsonObject> => {
  const read = readDocuments(readFileSync(path, "utf8"))
  return "problem" in read ? [] : read.documents.flatMap(({ value }) => isJsonObject(value) ? [value] : [])
}

/** The objects of the corpus as the gate sees them, at most so many of them. */
const manifests = (): ReadonlyArray<JsonObject> =>
  filesBelow(corpus, /\.ya?ml$/u).flatMap(objectsOf)
    .filter(({ apiVersion, kind }) => typeof apiVersion === "string" && typeof kind === "string")
    .map((object) => maskSecret(object, "key"))

const policiesBelow = (folder: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    filesBelow(folder, /\.(rego|json|ya?ml)$/u)
      .filter((path) => !path.endsWith("_test.rego"))
      .filter((path) => path.endsWith(".rego") || !objectsOf(path).some(({ kind }) => kind !== undefined))
      .map((path) => [`policies/${relative(folder, path)}`, readFileSync(path, "utf8")])
  )

const excepted = `package main

deny_limits contains sprintf("%s has no limits", [container.name]) if {
	some container in input.spec.template.spec.containers
	not container.resources.limits
}

warn_labels contains {"msg": sprintf("labels: %v", [labels]), "_loc": {"file": "a", "line": 1}} if {
	labels := object.get(input.metadata, "labels", {})
}

deny contains sprintf("%s", [input.metadata.namespace]) if input.metadata.namespace

violation_kind contains {"msg": input.kind, "details": {"a": 1}}

exception contains ["limits", "kind"] if input.kind == "Deployment"

exception contains rules if {
	input.metadata.namespace == "default"
	rules := [""]
}
`

const old = `package main

deny[msg] {
  container := input.spec.template.spec.containers[_]
  not container.livenessProbe
  msg := sprintf("%v/%v: no probe in %q", [input.kind, input.metadata.name, container.name])
}

warn_many[{"msg": msg}] {
  count(input) > 3
  msg = sprintf("%d fields: %v", [count(input), {k | input[k]}])
}

exception[rules] {
  input.metadata.labels.app
  rules = ["many"]
}
`

const together = `package main

deny contains sprintf("%s is there %d times", [kind, n]) if {
	some kind in {document.contents.kind | some document in input}
	n := count([document | some document in input; document.contents.kind == kind])
}

warn contains sprintf("%v", [[input[0].path, input[count(input) - 1].path]])
`

/** Each folder that holds data by itself: below a folder that is given, conftest puts data under the folder's name. */
const foldersOfData = (files: Readonly<Record<string, string>>): ReadonlyArray<string> => [
  ...new Set(Object.keys(files).filter((path) => !path.endsWith(".rego")).map(dirname))
]

interface Finding {
  readonly msg: string
  readonly metadata: { readonly query: string }
}
interface Result {
  readonly filename: string
  readonly failures?: ReadonlyArray<Finding>
  readonly warnings?: ReadonlyArray<Finding>
}

const ran = (folder: string, flags: ReadonlyArray<string>) =>
  Effect.callback<ReadonlyArray<Result>, Error>((resume) => {
    execFile(conftest!, flags, { cwd: folder, maxBuffer: 1 << 28 }, (_, stdout, stderr) =>
      resume(
        stdout.startsWith("[")
          ? Effect.succeed(JSON.parse(stdout) as ReadonlyArray<Result>)
          : Effect.fail(new Error(stderr || stdout))
      ))
  })

const told = (level: string, findings: ReadonlyArray<Finding> = []) =>
  findings.map(({ metadata, msg }) => `${level} ${metadata.query}: ${msg}`)

/** Where conftest and the gate do not say the same of an object, `<level> <query>: <message>` each. */
const compare = Effect.fnUntraced(function*(
  files: Readonly<Record<string, string>>,
  objects: ReadonlyArray<JsonObject>,
  { isCombined = false, version = "v1" }: { readonly isCombined?: boolean; readonly version?: "v0" | "v1" } = {}
) {
  const disk = yield* FileSystem.FileSystem
  const folder = yield* disk.makeTempDirectoryScoped({ prefix: "sluice-test-conftest-" })
  const write = Effect.fnUntraced(function*(path: string, text: string) {
    yield* disk.makeDirectory(dirname(join(folder, path)), { recursive: true })
    yield* disk.writeFileString(join(folder, path), text)
  })
  yield* Effect.forEach(Object.entries(files), ([path, text]) => write(path, text), { discard: true })
  const names = objects.map((_, index) => `o${String(index).padStart(4, "0")}.json`)
  yield* Effect.forEach(objects, (object, index) => write(names[index]!, JSON.stringify(object)), { discard: true })
  const results = yield* Effect.result(ran(folder, [
    "test",
    "-p",
    "policies",
    "--all-namespaces",
    "-o",
    "json",
    "--rego-version",
    version,
    ...foldersOfData(files).flatMap((path) => ["-d", path]),
    ...isCombined ? ["--combine"] : [],
    ...names
  ]))
  const policy = yield* Policy
  const own = isCombined ? { ...files, "policies/conftest.toml": "combine = true\n" } : files
  const set = yield* policy.load(deliveryOf({ regoVersion: version }), artifactOf(own))
  if (results._tag === "Failure") {
    // What conftest cannot load is no policy here either.
    const refused = yield* Effect.result(policy.objects(set, renderedOf()))
    return { checks: 0, messages: 0, differing: refused._tag === "Failure" ? [] : [results.failure.message] }
  }
  const wanted = new Map<string, Array<string>>()
  for (const { failures, filename, warnings } of results.success) {
    const list = wanted.get(filename) ?? []
    wanted.set(filename, list)
    list.push(...told("deny", failures), ...told("warn", warnings))
  }
  const all = objects.map((object, index) => manifestOf(object, names[index]!))
  const got = new Map<string, ReadonlyArray<string>>()
  for (const judged of isCombined ? [all] : all.map((one) => [one])) {
    const { violations } = yield* policy.objects(set, renderedOf(...judged))
    got.set(
      isCombined ? "Combined" : judged[0]!.origin.file,
      violations.map((one) => `${one.severity} data.${one.package}.${one.rule}: ${one.message}`)
    )
  }
  const checks = isCombined ? ["Combined"] : names
  const differing = checks.flatMap((name) => {
    const [wants, gets] = [wanted.get(name) ?? [], got.get(name) ?? []].map((list) => list.toSorted().join("\n"))
    return wants === gets ? [] : [`${JSON.stringify(objects[names.indexOf(name)]?.["kind"])}: ${wants} is not ${gets}`]
  })
  const messages = [...wanted.values()].reduce((sum, { length }) => sum + length, 0)
  return { checks: checks.length, messages, differing }
}, Effect.scoped)

interface Compared {
  readonly what: string
  readonly files: Readonly<Record<string, string>>
  readonly objects: ReadonlyArray<JsonObject>
  readonly isCombined?: boolean
  readonly version?: "v0" | "v1"
}

/** Of conftest's examples: the policies, and the files that they are about, as far as those hold objects. */
const pairs = [
  ["awssam/policy", "awssam"],
  ["combine/policy", "combine"],
  ["compose/policy", "compose"],
  ["configfile/test", "configfile"],
  ["data", "data"],
  ["exceptions/policy", "exceptions"],
  ["kubernetes/policy", "kubernetes"],
  ["kubernetes/combine", "kubernetes"],
  ["kustomize/policy", "kustomize"],
  ["serverless/policy", "serverless"]
] as const

const published = (): ReadonlyArray<Compared> =>
  examples === undefined ? [] : pairs.map(([policies, inputs]) => ({
    what: policies,
    files: policiesBelow(join(examples, policies)),
    objects: filesBelow(join(examples, inputs), /\.(ya?ml|json)$/u).flatMap(objectsOf),
    isCombined: policies.includes("combine")
  }))

layer(gate())("the real conftest", (it) => {
  it.effect.skipIf(conftest === undefined)(
    "finds the same and says the same (SLUICE_CONFTEST: its binary; SLUICE_CONFTEST_EXAMPLES, SLUICE_CORPUS)",
    () =>
      Effect.gen(function*() {
        const objects = manifests()
        const own = Object.fromEntries(
          Object.entries(policies).map(([name, body]) => [`policies/${name}.rego`, `package ${name}\n\n${body}\n`])
        )
        const compared: ReadonlyArray<Compared> = [
          { what: "policies of many kinds", files: own, objects: [...ownObjects, ...objects] },
          { what: "exceptions", files: { "policies/a.rego": excepted }, objects: [...ownObjects, ...objects] },
          { what: "Rego v0", files: { "policies/a.rego": old }, objects: [...ownObjects, ...objects], version: "v0" },
          { what: "all at once", files: { "policies/a.rego": together }, objects, isCombined: true },
          ...published().filter(({ objects: { length } }) => length > 0),
          ...published().flatMap(({ files, isCombined, what }) =>
            isCombined === true ? [] : [{ what: `${what} on the corpus`, files, objects }]
          ),
          ...others.flatMap((folder) =>
            (["v0", "v1"] as const).map((version) => ({
              what: `${folder} (${version})`,
              files: policiesBelow(folder),
              objects,
              version
            }))
          )
        ]
        let [checks, messages] = [0, 0]
        const differing: Array<string> = []
        for (const { files, objects: judged, what, ...options } of compared) {
          const result = yield* compare(files, judged, options)
          console.info(`${what}: ${result.checks} checks, ${result.messages} messages`)
          checks += result.checks
          messages += result.messages
          differing.push(...result.differing.map((one) => `${what}: ${one}`))
        }
        console.info(`${checks} checks, ${messages} messages, ${differing.length} differ`)
        assert.deepStrictEqual(differing, [])
        assert.isAbove(messages, 0)
      }),
    600_000
  )
})
