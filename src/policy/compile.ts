import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { join } from "node:path"
import { promisify } from "node:util"
import { gunzip } from "node:zlib"
import { digest } from "../domain/digest.ts"
import { PolicyUnavailable } from "../domain/StageError.ts"
import { readPin } from "../programs/pins.ts"
import { decodeAnnotations } from "./annotations.ts"
import { provided } from "./builtins/catalogue.ts"
import * as Capabilities from "./capabilities.ts"
import * as CompiledCache from "./compiledCache.ts"
import { compileError, type Problem } from "./compileErrors.ts"
import { decodeModules, locate, type Modules, query, refused, rulesOf } from "./discover.ts"
import { entrypoint, generate, subjects } from "./entrypoint.ts"
import { hidden } from "./hidden.ts"
import { missing } from "./missing.ts"
import type * as Opa from "./opa.ts"
import { Subject } from "./Rule.ts"
import { everything } from "./shim.ts"
import { originOf, type Source } from "./sources.ts"
import { fileOfTar } from "./tar.ts"
import { misspelt, shippedSchemas, typing } from "./typed.ts"
import { type Compilable, failWithProblems, placeOf, setUp, type Workshop } from "./workshop.ts"

/** One rule for each kind of document: what is generated for these is all that is ever generated. */
const everySubject = Subject.literals.map((judges) => ({
  judges,
  name: "deny",
  path: [],
  exception: { where: { file: "" } }
}))

const unexpected = (what: string) => () => new PolicyUnavailable({ detail: `${what} could not be read` })

const parse = (source: Source): ReadonlyArray<string> => [
  "parse",
  ...source.version === "v0" ? ["--v0-compatible"] : [],
  "-f",
  "json",
  placeOf(source)
]

const failWithRefusals = Effect.fnUntraced(
  function*({ opa, policies }: Workshop, refusals: ReturnType<typeof refused>) {
    const problems = yield* Effect.forEach(
      refusals.slice(0, 10),
      ({ file, message, name, origin }) =>
        Effect.gen(function*() {
          if (name === "") {
            return { message, origin }
          }
          const source = policies.find((one) => one.name === file)!
          const { stdout } = yield* opa(...parse(source), "--json-include", "locations")
          const place = yield* locate(stdout, name)
          const problem: Problem = { message, origin: originOf(policies, file, place?.row, place?.col) }
          return problem
        })
    )
    return yield* compileError(problems)
  }
)

const capabilities = Effect.fnUntraced(function*({ folder, opa }: Workshop) {
  const disk = yield* FileSystem.FileSystem
  const { stdout } = yield* opa("capabilities", "--current")
  const all = yield* Effect.mapError(Capabilities.decode(stdout), unexpected("opa's capabilities"))
  yield* disk.writeFileString(join(folder, "capabilities.json"), Capabilities.restrict(all))
})

/** OPA parses v0 where it is told to, and not in `rego.parse_module`. */
const parsed = Effect.fnUntraced(function*(workshop: Workshop, source: Source) {
  const text = Buffer.from(source.content).toString("utf8")
  if (source.version !== "v0") return { name: source.name, text }
  const { exitCode, stdout } = yield* workshop.opa(...parse(source))
  return exitCode === 0 ? { name: source.name, module: JSON.parse(stdout) as unknown } : { name: source.name, text: "" }
})

const texts = Effect.fnUntraced(function*(workshop: Workshop) {
  const disk = yield* FileSystem.FileSystem
  const files = yield* Effect.forEach(workshop.policies, (source) => parsed(workshop, source), { concurrency: 4 })
  yield* disk.writeFileString(join(workshop.folder, "texts.json"), JSON.stringify({ files }))
})

const none: Opa.Finished = { exitCode: 0, stdout: "{}", stderr: "" }

/** The documents beside the policies as one, as OPA merges them. */
const merge = ({ data, opa }: Workshop) =>
  data.length === 0
    ? Effect.succeed(none)
    : opa("eval", "-f", "raw", ...data.flatMap((source) => ["-d", placeOf(source)]), "data")

const discover = Effect.fnUntraced(function*(workshop: Workshop) {
  const disk = yield* FileSystem.FileSystem
  const { enforced, folder, opa, policies, settingsOf } = workshop
  const [modules, inspection, merged] = yield* Effect.all([
    Effect.andThen(texts(workshop), opa("eval", "-f", "raw", "-i", "texts.json", query)),
    opa("inspect", "-a", "-f", "json", "bundle"),
    merge(workshop),
    capabilities(workshop)
  ], { concurrency: "unbounded" })
  if (inspection.exitCode !== 0) return yield* failWithProblems(workshop, inspection)
  if (merged.exitCode !== 0) return yield* failWithProblems(workshop, merged)
  yield* disk.writeFileString(join(folder, "bundle/data.json"), merged.stdout.trim())
  const found: Modules = yield* Effect.mapError(decodeModules(modules.stdout), unexpected("the policies' rules"))
  const annotations = yield* Effect.mapError(decodeAnnotations(inspection.stdout), unexpected("the policies' METADATA"))
  // A file that OPA cannot parse alone is left out of its answer: it must not be left out of the gate.
  if (found.length !== policies.length) return yield* failWithProblems(workshop, modules)
  const strange = misspelt(annotations, policies)
  if (strange.length > 0) return yield* compileError(strange)
  const refusals = refused(found, annotations, policies, settingsOf)
  if (refusals.length > 0) return yield* failWithRefusals(workshop, refusals)
  const typed = yield* typing(workshop.folder, annotations)
  const own = rulesOf(found, annotations, policies, settingsOf)
  return { modules: found, rules: [...own, ...enforced.map(({ rule }) => rule)], first: own.length, typed }
})

const unpack = Effect.fnUntraced(function*(archive: Uint8Array) {
  const tar = yield* Effect.tryPromise({ try: () => promisify(gunzip)(archive), catch: unexpected("opa's bundle") })
  const wasm = fileOfTar(tar, "policy.wasm")
  const data = fileOfTar(tar, "data.json")
  if (wasm === undefined || data === undefined) return yield* unexpected("opa's bundle")()
  return { wasm: new Uint8Array(wasm), data: new Uint8Array(data) }
})

/** The documents, and behind them what the generated rules read: the parameters of constraints, by rule. */
const withParameters = (data: Uint8Array, { enforced }: Workshop, first: number): Uint8Array => {
  if (enforced.length === 0) return data
  const parameters = Object.fromEntries(enforced.map(({ parameters }, index) => [String(first + index), parameters]))
  const rest = new TextDecoder().decode(data).trim().slice(1)
  return Buffer.from(`${JSON.stringify({ sluice: { parameters } }).slice(0, -1)}${rest === "}" ? "" : ","}${rest}`)
}

const withoutRules = "none of its rules reports anything: rules that report are named deny, violation or warn"

const build = Effect.fnUntraced(function*(bundle: Compilable) {
  const disk = yield* FileSystem.FileSystem
  const workshop = yield* setUp(bundle)
  const { folder, opa, policies, templates } = workshop
  const { first, modules, rules, typed } = yield* discover(workshop)
  if (rules.length === 0 && templates.length === 0) return yield* compileError([{ message: withoutRules }])
  yield* Effect.forEach(
    Object.entries(
      generate(rules, [...policies, ...templates].map(({ content }) => Buffer.from(content).toString("utf8")))
    ),
    ([name, text]) => disk.writeFileString(join(folder, "bundle/generated", name), text)
  )
  const entrypoints = subjects(rules).flatMap((judges) => ["-e", entrypoint(judges)])
  const options = ["-t", "wasm", "--capabilities", "capabilities.json", "-o", "bundle.tar.gz"]
  const [built, checked] = yield* Effect.all([
    opa("build", ...options, ...entrypoints, "-b", "bundle"),
    // `opa build` knows no schemas.
    typed.length === 0
      ? Effect.undefined
      : opa("check", "--capabilities", "capabilities.json", ...typed, "-b", "bundle")
  ], { concurrency: "unbounded" })
  if (built.exitCode !== 0) return yield* failWithProblems(workshop, built, ...typed)
  if (checked !== undefined && checked.exitCode !== 0) return yield* failWithProblems(workshop, checked, ...typed)
  const { data: merged, wasm } = yield* unpack(yield* disk.readFile(join(folder, "bundle.tar.gz")))
  const documentsText = new TextDecoder().decode(merged)
  const readsInventory = rules.some(({ inventory }) => inventory !== undefined)
  const clashes = [
    ...hidden(modules, policies, documentsText, readsInventory),
    ...missing(modules, policies, documentsText)
  ]
  if (clashes.length > 0) return yield* compileError(clashes)
  const names = [...policies, ...templates].map(({ hasLines = true, name, path }) => ({ name, path, hasLines }))
  return { rules, names, data: withParameters(merged, workshop, first), wasm } satisfies CompiledCache.Compiled
}, Effect.scoped)

/**
 * Compiles the files of one bundle, or finds what was compiled from the same files, generated code and OPA before: then
 * no program is started.
 */
export const compile = Effect.fn("Policy.compile")(
  function*(bundle: Compilable, cacheDirectory: string) {
    const pin = yield* readPin("opa")
    const made = JSON.stringify([
      6,
      pin.version,
      provided,
      generate(everySubject, everything),
      bundle.regoVersion ?? "v1",
      yield* shippedSchemas
    ])
    const key = digest(made, ...bundle.files.flatMap(({ content, path }) => [path, content]))
    const known = yield* CompiledCache.read(cacheDirectory, key)
    if (known !== undefined) return known
    const compiled = yield* build(bundle)
    yield* CompiledCache.write(cacheDirectory, key, compiled)
    return compiled
  },
  Effect.catchTags({
    PlatformError: (error) =>
      Effect.fail(
        new PolicyUnavailable({ detail: `policies could not be compiled: ${error.message}`, class: "transient" })
      ),
    ProgramUnavailable: (error) => Effect.fail(new PolicyUnavailable({ detail: error.message, hint: error.message }))
  })
)
