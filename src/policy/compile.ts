import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { join } from "node:path"
import { promisify } from "node:util"
import { gunzip } from "node:zlib"
import type { PolicySet } from "../domain/Decision.ts"
import { digest } from "../domain/digest.ts"
import { PolicyUnavailable } from "../domain/StageError.ts"
import { readPin } from "../programs/pins.ts"
import { Programs } from "../programs/Programs.ts"
import { decodeAnnotations } from "./annotations.ts"
import { provided } from "./builtins/catalogue.ts"
import * as Capabilities from "./capabilities.ts"
import * as CompiledCache from "./compiledCache.ts"
import { compileError, type Problem, problemsOf } from "./compileErrors.ts"
import { decodeModules, locate, type Modules, query, refused, rulesOf } from "./discover.ts"
import { entrypoint, generate, subjects } from "./entrypoint.ts"
import { hidden } from "./hidden.ts"
import { missing } from "./missing.ts"
import * as Opa from "./opa.ts"
import { Subject } from "./Rule.ts"
import { everything } from "./shim.ts"
import { originOf, type Source, sources } from "./sources.ts"
import { fileOfTar } from "./tar.ts"
import { shippedSchemas, typing } from "./typed.ts"

type Files = PolicySet["bundles"][number]["files"]

/** One rule for each kind of document: what is generated for these is all that is ever generated. */
const everySubject = Subject.literals.map((judges) => ({ judges, name: "deny", path: [] }))

const unexpected = (what: string) => () => new PolicyUnavailable({ detail: `${what} could not be read` })

/** OPA with the policies in a folder of their own, under names of our own. */
interface Workshop {
  readonly folder: string
  readonly policies: ReadonlyArray<Source>
  readonly data: ReadonlyArray<Source>
  readonly opa: (...parameters: ReadonlyArray<string>) => Effect.Effect<Opa.Finished, PolicyUnavailable>
}

const setUp = Effect.fnUntraced(function*(files: Files) {
  const disk = yield* FileSystem.FileSystem
  const programs = yield* Programs
  const context = yield* Effect.context<Effect.Services<ReturnType<typeof Opa.run>>>()
  const program = yield* programs.path("opa")
  const folder = yield* disk.makeTempDirectoryScoped({ prefix: "sluice-policy-" })
  const { data, policies } = sources(files)
  const put = (below: string) => ({ content, name }: Source) => disk.writeFile(join(folder, below, name), content)
  yield* Effect.forEach(["policies", "data", "generated"], (name) => disk.makeDirectory(join(folder, name)))
  yield* Effect.forEach(policies, put("policies"), { concurrency: 8, discard: true })
  yield* Effect.forEach(data, put("data"), { concurrency: 8, discard: true })
  const texts = policies.map(({ content, name }) => ({ name, text: Buffer.from(content).toString("utf8") }))
  yield* disk.writeFileString(join(folder, "texts.json"), JSON.stringify({ files: texts }))
  const workshop: Workshop = {
    folder,
    policies,
    data,
    opa: (...parameters) => Effect.provide(Opa.run(program, folder, parameters), context)
  }
  return workshop
})

/** What `opa check` says, with lines; asked only after something failed. */
const failWithProblems = Effect.fnUntraced(function*(
  { data, opa, policies }: Workshop,
  failed: Opa.Finished,
  ...typed: ReadonlyArray<string>
) {
  const checked = yield* opa("check", "-f", "json", "--capabilities", "capabilities.json", ...typed, "policies")
  const problems = yield* problemsOf(checked.stderr || checked.stdout, failed.stderr || failed.stdout, [
    ...policies,
    ...data
  ])
  return yield* compileError(problems)
})

const failWithRefusals = Effect.fnUntraced(
  function*({ opa, policies }: Workshop, refusals: ReturnType<typeof refused>) {
    const problems = yield* Effect.forEach(
      refusals.slice(0, 10),
      ({ file, message, name, origin }) =>
        Effect.gen(function*() {
          if (name === "") {
            return { message, origin }
          }
          const { stdout } = yield* opa("parse", "-f", "json", "--json-include", "locations", `policies/${file}`)
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

const discover = Effect.fnUntraced(function*(workshop: Workshop) {
  const { opa, policies } = workshop
  const [modules, inspection] = yield* Effect.all([
    opa("eval", "-f", "raw", "-i", "texts.json", query),
    opa("inspect", "-a", "-f", "json", "policies"),
    capabilities(workshop)
  ], { concurrency: "unbounded" })
  if (inspection.exitCode !== 0) return yield* failWithProblems(workshop, inspection)
  const found: Modules = yield* Effect.mapError(decodeModules(modules.stdout), unexpected("the policies' rules"))
  const annotations = yield* Effect.mapError(decodeAnnotations(inspection.stdout), unexpected("the policies' METADATA"))
  // A file that OPA cannot parse alone is left out of its answer: it must not be left out of the gate.
  if (found.length !== policies.length) return yield* failWithProblems(workshop, modules)
  const refusals = refused(found, annotations, policies)
  if (refusals.length > 0) return yield* failWithRefusals(workshop, refusals)
  const typed = yield* typing(workshop.folder, annotations)
  return { modules: found, rules: rulesOf(found, annotations, policies), typed }
})

const unpack = Effect.fnUntraced(function*(archive: Uint8Array) {
  const tar = yield* Effect.tryPromise({ try: () => promisify(gunzip)(archive), catch: unexpected("opa's bundle") })
  const wasm = fileOfTar(tar, "policy.wasm")
  const data = fileOfTar(tar, "data.json")
  if (wasm === undefined || data === undefined) return yield* unexpected("opa's bundle")()
  return { wasm: new Uint8Array(wasm), data: new Uint8Array(data) }
})

const build = Effect.fnUntraced(function*(files: Files) {
  const disk = yield* FileSystem.FileSystem
  const workshop = yield* setUp(files)
  const { data, folder, opa, policies } = workshop
  const { modules, rules, typed } = yield* discover(workshop)
  yield* Effect.forEach(
    Object.entries(generate(rules, policies.map(({ content }) => Buffer.from(content).toString("utf8")))),
    ([name, text]) => disk.writeFileString(join(folder, "generated", name), text)
  )
  const documents = data.map(({ name }) => `data/${name}`)
  const entrypoints = subjects(rules).flatMap((judges) => ["-e", entrypoint(judges)])
  const options = ["-t", "wasm", "--capabilities", "capabilities.json", "-o", "bundle.tar.gz"]
  const [built, checked] = yield* Effect.all([
    opa("build", ...options, ...entrypoints, "generated", "policies", ...documents),
    // `opa build` knows no schemas.
    typed.length === 0 ? Effect.undefined : opa("check", "--capabilities", "capabilities.json", ...typed, "policies")
  ], { concurrency: "unbounded" })
  if (built.exitCode !== 0) return yield* failWithProblems(workshop, built, ...typed)
  if (checked !== undefined && checked.exitCode !== 0) return yield* failWithProblems(workshop, checked, ...typed)
  const { data: merged, wasm } = yield* unpack(yield* disk.readFile(join(folder, "bundle.tar.gz")))
  const documentsText = new TextDecoder().decode(merged)
  const clashes = [...hidden(modules, policies, documentsText), ...missing(modules, policies, documentsText)]
  if (clashes.length > 0) return yield* compileError(clashes)
  const names = policies.map(({ name, path }) => ({ name, path }))
  return { rules, names, data: merged, wasm } satisfies CompiledCache.Compiled
}, Effect.scoped)

/**
 * Compiles the files of one bundle, or finds what was compiled from the same files, generated code and OPA before: then
 * no program is started.
 */
export const compile = Effect.fn("Policy.compile")(
  function*(files: Files, cacheDirectory: string) {
    const pin = yield* readPin("opa")
    const made = JSON.stringify([4, pin.version, provided, generate(everySubject, everything), yield* shippedSchemas])
    const key = digest(made, ...files.flatMap(({ content, path }) => [path, content]))
    const known = yield* CompiledCache.read(cacheDirectory, key)
    if (known !== undefined) return known
    const compiled = yield* build(files)
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
