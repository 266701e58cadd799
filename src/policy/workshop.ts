import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { join } from "node:path"
import type { Bundle } from "../domain/Decision.ts"
import type { PolicyUnavailable } from "../domain/StageError.ts"
import { Programs } from "../programs/Programs.ts"
import { compileError, type Problem, problemsOf } from "./compileErrors.ts"
import { readConftest, type Settings } from "./conftest.ts"
import { type Enforced, readGatekeeper } from "./gatekeeper/gatekeeper.ts"
import * as Opa from "./opa.ts"
import { type Source, sources, templateSources } from "./sources.ts"

/** What is compiled together. */
export type Compilable = Pick<Bundle, "files" | "regoVersion">

/** OPA with the policies in a folder of their own, laid out as one of its bundles, under names of our own. */
export interface Workshop {
  readonly folder: string
  readonly policies: ReadonlyArray<Source>
  readonly templates: ReadonlyArray<Source>
  readonly data: ReadonlyArray<Source>
  readonly enforced: ReadonlyArray<Enforced>
  readonly settingsOf: (path: string) => Settings
  readonly opa: (...parameters: ReadonlyArray<string>) => Effect.Effect<Opa.Finished, PolicyUnavailable>
}

/** Where OPA finds a source. */
export const placeOf = ({ name }: Pick<Source, "name">): string =>
  name.startsWith("t")
    ? `bundle/templates/${name}`
    : name.endsWith(".rego")
    ? `bundle/policies/${name}`
    : `data/${name}`

/** The versions of Rego, file by file: templates are v0 where their policies are v1, and the other way round. */
const manifestOf = (modules: ReadonlyArray<Source>): string => {
  const versions = modules.map((source) => [placeOf(source).slice("bundle".length), source.version === "v0" ? 0 : 1])
  return JSON.stringify({ roots: [""], rego_version: 1, file_rego_versions: Object.fromEntries(versions) })
}

const parseError = "rego_parse_error"
const withoutConstraints = "there are ConstraintTemplates and no constraint of any of them: they judge nothing"

/** Lays out a bundle for OPA in a folder that is removed with the scope. */
export const setUp = Effect.fnUntraced(function*({ files, regoVersion = "v1" }: Compilable) {
  const conftest = readConftest(files)
  const gatekeeper = readGatekeeper(files)
  const problems = [...conftest.problems, ...gatekeeper.problems]
  if (problems.length > 0) return yield* compileError(problems)
  const { data, policies } = sources(files, (path) => conftest.of(path).regoVersion ?? regoVersion)
  if (gatekeeper.isIdle && policies.length === 0) return yield* compileError([{ message: withoutConstraints }])
  const templates = templateSources(gatekeeper.modules)
  const disk = yield* FileSystem.FileSystem
  const programs = yield* Programs
  const context = yield* Effect.context<Effect.Services<ReturnType<typeof Opa.run>>>()
  const program = yield* programs.path("opa")
  const folder = yield* disk.makeTempDirectoryScoped({ prefix: "sluice-policy-" })
  yield* Effect.forEach(
    ["data", "bundle", "bundle/policies", "bundle/templates", "bundle/generated"],
    (name) => disk.makeDirectory(join(folder, name))
  )
  yield* Effect.forEach(
    [...policies, ...templates, ...data],
    (source) => disk.writeFile(join(folder, placeOf(source)), source.content),
    { concurrency: 8, discard: true }
  )
  yield* disk.writeFileString(join(folder, "bundle/.manifest"), manifestOf([...policies, ...templates]))
  const workshop: Workshop = {
    folder,
    policies,
    templates,
    data,
    enforced: gatekeeper.enforced,
    settingsOf: conftest.of,
    opa: (...parameters) => Effect.provide(Opa.run(program, folder, parameters), context)
  }
  return workshop
})

/** What `opa check` says, with lines; asked only after something failed. */
export const failWithProblems = Effect.fnUntraced(function*(
  { data, opa, policies, templates }: Workshop,
  failed: Opa.Finished,
  ...typed: ReadonlyArray<string>
) {
  const known = [...policies, ...templates, ...data]
  const read = (finished: Opa.Finished) =>
    problemsOf(finished.stderr || finished.stdout, failed.stderr || failed.stdout, known)
  const check = (...rest: ReadonlyArray<string>) =>
    opa("check", "-f", "json", "--capabilities", "capabilities.json", ...rest)
  const bundle = yield* check(...typed, "-b", "bundle")
  if (!bundle.stderr.includes(parseError) && !bundle.stdout.includes(parseError)) {
    return yield* compileError(yield* read(bundle))
  }
  // Of a bundle OPA tells the first file only that is no Rego; of files it tells all.
  const problems: Array<Problem> = []
  for (const version of ["v1", "v0"] as const) {
    const files = [...policies, ...templates].filter((source) => (source.version ?? "v1") === version).map(placeOf)
    if (files.length === 0) continue
    const checked = yield* check(...version === "v0" ? ["--v0-compatible"] : [], ...files)
    if ((checked.stderr + checked.stdout).includes(parseError)) problems.push(...yield* read(checked))
  }
  return yield* compileError(problems.length > 0 ? problems : yield* read(bundle))
})
