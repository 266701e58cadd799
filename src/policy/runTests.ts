import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { join } from "node:path"
import type { PolicySet } from "../domain/Decision.ts"
import type { JsonObject } from "../domain/Json.ts"
import { PolicyUnavailable } from "../domain/StageError.ts"
import { Programs } from "../programs/Programs.ts"
import * as Capabilities from "./capabilities.ts"
import { compile } from "./compile.ts"
import { compileError, problemsOf } from "./compileErrors.ts"
import { readConftest } from "./conftest.ts"
import { documents } from "./documents.ts"
import * as Opa from "./opa.ts"
import { originOf, regoSources, type Source } from "./sources.ts"
import {
  coverageOf,
  decodeCoverage,
  decodeResults,
  explanationsOf,
  fullName,
  type Result,
  testOf
} from "./testOutput.ts"
import type { TestRun } from "./TestRun.ts"

export interface Options {
  readonly cacheDirectory: string
  /** `data.parameters`, over those that stand beside the policies. */
  readonly parameters?: JsonObject
  /** Only tests whose full name (`data.policies.images_test.test_latest`) this matches; RE2. */
  readonly run?: string | undefined
  /** Only tests in these files; all Rego is there for them. */
  readonly isAsked?: (file: string) => boolean
  readonly withCoverage?: boolean
}

/** Failures whose values are asked for: it costs a second run of them. */
const mostExplained = 50

const unreadable = (what: string) => () => new PolicyUnavailable({ detail: `${what} could not be read` })

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/gu, "\\$&")

/** OPA in a folder of its own: Rego under names of ours, the documents of the gate in one file, and no network. */
const setUp = Effect.fnUntraced(function*(known: ReadonlyArray<Source>, data: Uint8Array) {
  const disk = yield* FileSystem.FileSystem
  const folder = yield* disk.makeTempDirectoryScoped({ prefix: "sluice-test-" })
  yield* disk.makeDirectory(join(folder, "policies"))
  yield* disk.writeFile(join(folder, "documents.json"), data)
  yield* Effect.forEach(
    known,
    ({ content, name }) => disk.writeFile(join(folder, "policies", name), content),
    { concurrency: 8, discard: true }
  )
  const program = yield* (yield* Programs).path("opa")
  const opa = (...parameters: ReadonlyArray<string>) => Opa.run(program, folder, parameters)
  const { stdout } = yield* opa("capabilities", "--current")
  const all = yield* Effect.mapError(Capabilities.decode(stdout), unreadable("opa's capabilities"))
  yield* disk.writeFileString(join(folder, "capabilities.json"), JSON.stringify({ ...all, allow_net: [] }))
  return opa
})

/**
 * Runs the tests (`*_test.rego`) of a bundle by OPA itself, over the documents that the gate would see, after the
 * policies compiled for the gate. What does not compile is an error; a test that fails is a result.
 */
export const runTests = Effect.fn("Policy.test")(
  function*(files: PolicySet["bundles"][number]["files"], options: Options) {
    const { data } = yield* compile(
      { files: files.filter(({ path }) => !path.endsWith("_test.rego")) },
      options.cacheDirectory
    )
    const known = regoSources(files)
    const opa = yield* setUp(
      known,
      documents(Buffer.from(data).toString("utf8"), { bundle: 0, parameters: options.parameters ?? {} })
    )
    // Tests run by one version of Rego: that of all files, or v1.
    const { of } = readConftest(files)
    const version = known.every(({ path }) => of(path).regoVersion === "v0") ? ["--v0-compatible"] : []
    const ask = (run: string | undefined, ...flags: ReadonlyArray<string>) =>
      opa(
        "test",
        ...version,
        "--capabilities",
        "capabilities.json",
        ...flags,
        ...run === undefined ? [] : ["--run", run],
        "documents.json",
        "policies"
      )

    const ran = yield* ask(options.run, "-f", "json")
    if (!ran.stdout.trimStart().startsWith("[")) {
      const [, pattern] = /error parsing regexp: (.*)/u.exec(ran.stderr) ?? []
      if (pattern !== undefined) {
        return yield* new PolicyUnavailable({ detail: `--run: ${pattern}`, hint: "It takes a regular expression." })
      }
      const checked = yield* opa("check", ...version, "-f", "json", "--capabilities", "capabilities.json", "policies")
      return yield* compileError(yield* problemsOf(checked.stderr || checked.stdout, ran.stderr || ran.stdout, known))
    }
    const all = yield* Effect.mapError(decodeResults(ran.stdout), unreadable("what opa says of the tests"))
    const { isAsked } = options
    const results = isAsked === undefined
      ? all
      : all.filter(({ location }) => location != null && isAsked(originOf(known, location.file)?.file ?? ""))
    const named = (some: ReadonlyArray<Result>) => `^(${some.map((one) => escaped(fullName(one))).join("|")})$`

    const failed = results.filter(({ fail }) => fail === true).slice(0, mostExplained)
    const explain = (some: ReadonlyArray<Result>) =>
      Effect.map(ask(named(some), "--var-values"), ({ stdout }) => explanationsOf(stdout, known))
    const explanations = failed.length === 0 ? new Map<string, never>() : yield* explain(failed)
    const run: TestRun = {
      tests: results.map((result) => testOf(result, known, explanations))
        .sort((a, b) => orderOf(a) < orderOf(b) ? -1 : 1)
    }
    // OPA reports coverage only where nothing failed.
    const hasFailed = results.some(({ error, fail }) => fail === true || error !== undefined)
    if (options.withCoverage !== true || hasFailed || results.length === 0) return run
    const { stdout } = yield* ask(named(results), "--coverage", "-f", "json")
    const report = yield* Effect.mapError(decodeCoverage(stdout), unreadable("what opa says of coverage"))
    return { ...run, coverage: coverageOf(report, known) } satisfies TestRun
  },
  Effect.scoped,
  Effect.catchTags({
    PlatformError: (error) =>
      Effect.fail(
        new PolicyUnavailable({ detail: `the tests could not be run: ${error.message}`, class: "transient" })
      ),
    ProgramUnavailable: (error) => Effect.fail(new PolicyUnavailable({ detail: error.message, hint: error.message }))
  })
)

const orderOf = ({ name, package: path, source }: TestRun["tests"][number]): string =>
  [source?.file ?? "", String(source?.line ?? 0).padStart(8, "0"), path, name].join("\0")
