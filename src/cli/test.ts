import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { basename, dirname, join, relative, resolve, sep } from "node:path"
import { settings } from "../config.ts"
import type { Artifact, ArtifactEntry } from "../domain/Artifact.ts"
import { InvalidSpec } from "../domain/StageError.ts"
import { folderArtifact, repositoryRoot } from "../fetch/folder.ts"
import { waiversFile } from "../policy/policyFiles.ts"
import { remarks } from "../policy/remarks.ts"
import { runTests } from "../policy/runTests.ts"
import type { TestRun } from "../policy/TestRun.ts"
import { tell } from "./advice.ts"
import { type Given, textOf } from "./commandLine.ts"
import { Failures } from "./Failures.ts"
import { outputsOf, write } from "./outputs.ts"
import { formats } from "./testReport/Format.ts"
import { testReport } from "./testReport/TestReport.ts"

const refuse = (detail: string, hint: string) => new Failures({ errors: [InvalidSpec.make({ detail, hint })] })

const limits = { files: 200_000, fileBytes: 32 * 1024 * 1024 }

const posix = (from: string, to: string): string => relative(from, to).split(sep).join("/")

const isTest = (path: string): boolean => path.endsWith("_test.rego")

/** Rego with its tests, and the documents beside it; nothing hidden. */
const isOfPolicies = ({ kind, path }: ArtifactEntry): boolean =>
  kind === "file" && /\.(rego|json|ya?ml)$/u.test(path) && !path.split("/").some((part) => part.startsWith("."))

/**
 * The folder that is compiled as one: the nearest `policies` above a path, `policies/` in it, else itself. A part of a
 * library is tested with the whole of it.
 */
const bundleOf = Effect.fnUntraced(function*(artifact: Artifact, path: string) {
  const steps = path === "" ? [] : path.split("/")
  const above = steps.lastIndexOf("policies")
  if (above !== -1) return steps.slice(0, above + 1).join("/")
  const within = [...steps, "policies"].join("/")
  return (yield* artifact.entry(within))?.kind === "folder" ? within : path
})

/** The bundle that a path is in; which of its tests are at or below the path, and which files' coverage counts. */
const bundleAt = Effect.fnUntraced(function*(given: string) {
  const disk = yield* FileSystem.FileSystem
  const place = yield* Effect.mapError(
    disk.realPath(resolve(given)),
    () => refuse(`${given}: there is no such file or folder`, "Name a folder of policies, or a file of tests.")
  )
  const root = yield* repositoryRoot(place, ".")
  const artifact = yield* folderArtifact(root, limits)
  const path = posix(root, place)
  const bundle = yield* bundleOf(artifact, path)
  // A file of tests stands for the folder it is in, but its neighbours' tests do not run.
  const below = path.endsWith(".rego") ? posix(root, join(place, "..")) : path
  const folder = bundle === path ? below : bundle
  const isBelow = (folder: string, file: string) => folder === "" || file === folder || file.startsWith(`${folder}/`)
  const paths = (yield* artifact.walk(folder)).filter(isOfPolicies).map((entry) => entry.path)
    // The gate reads waivers by themselves: they are no data.
    .filter((file) => file !== [folder, waiversFile].filter((part) => part !== "").join("/"))
  const contents = yield* artifact.read(paths)
  return {
    files: paths.map((path, index) => ({ path, content: contents[index]! })),
    isAsked: (file: string) => isTest(file) && isBelow(path, file),
    isCounted: (file: string) => isBelow(below, file)
  }
}, Effect.catchTag("UnsafePath", (error) => Effect.fail(refuse(error.message, "Name a folder of policies."))))

/** `policies/` here or in the nearest folder above, up to the repository's root: `check` finds the same one. */
const nearestPolicies = Effect.gen(function*() {
  const disk = yield* FileSystem.FileSystem
  const root = yield* repositoryRoot(yield* Effect.orDie(disk.realPath(".")), ".")
  let folder = resolve(".")
  while (folder.startsWith(root)) {
    if (basename(folder) === "policies") return relative(".", folder) || "."
    if (yield* Effect.orElseSucceed(disk.exists(join(folder, "policies")), () => false)) {
      return relative(".", join(folder, "policies"))
    }
    if (folder === dirname(folder)) break
    folder = dirname(folder)
  }
  return "policies"
})

const thresholdOf = Effect.fnUntraced(function*(given: Given) {
  const text = textOf(given, "threshold")
  if (text === undefined) return undefined
  const threshold = Number(text)
  if (/^\d+(\.\d+)?$/u.test(text) && threshold <= 100) return threshold
  return yield* refuse(`--threshold cannot be ${JSON.stringify(text)}`, "Give a percentage: --threshold 90.")
})

/** Tests policies by OPA, as the gate compiles them. Answers the exit code: 0 passed, 1 failed, 2 could not answer. */
export const test = Effect.fn("test")(function*(given: Given) {
  const { cacheDirectory } = yield* settings
  const outputs = yield* outputsOf(given.texts.output ?? [], formats)
  const threshold = yield* thresholdOf(given)
  const run = textOf(given, "run")
  const paths = given.operands.length === 0 ? [yield* nearestPolicies] : given.operands
  const bundles = yield* Effect.forEach(paths, bundleAt)
  const without = paths.filter((_, index) => !bundles[index]!.files.some(({ path }) => bundles[index]!.isAsked(path)))
  if (without.length > 0) {
    return yield* refuse(
      `${without.join(", ")}: no tests found`,
      `Put them beside the policies, in files that end in _test.rego; sluice policy new ${
        basename(resolve(without[0]!)) === "policies" ? "NAME" : "NAME --dir DIR"
      } makes a policy with its tests.`
    )
  }
  yield* tell([{ remarks: bundles.flatMap(({ files }) => remarks(files, [])), later: [] }])
  const runs = yield* Effect.forEach(bundles, ({ files, isAsked, isCounted }) =>
    Effect.map(
      runTests(files, {
        cacheDirectory: join(cacheDirectory, "policies"),
        run,
        isAsked,
        withCoverage: threshold !== undefined || given.switches.has("coverage")
      }),
      ({ coverage, tests }): TestRun => ({
        tests,
        ...coverage === undefined ? {} : { coverage: coverage.filter(({ file }) => isCounted(file)) }
      })
    ))
  if (runs.every(({ tests }) => tests.length === 0)) {
    return yield* refuse(
      run === undefined ? `${paths.join(", ")}: no tests found` : `no test matches --run ${run}`,
      run === undefined
        ? "A test is a rule whose name begins with test_, in a file that ends in _test.rego."
        : "It is matched against the full name: data.policies.images_test.test_latest."
    )
  }
  const report = testReport(runs, threshold)
  yield* write(report, outputs, formats)
  return report.verdict === "passed" ? 0 : 1
})
