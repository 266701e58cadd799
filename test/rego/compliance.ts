import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { dirname, join } from "node:path"
import { fromEnvironment, Programs } from "../../src/programs/Programs.ts"
import { type Case, readCases } from "./cases.ts"
import { makeCompiler } from "./compileCase.ts"
import { reasonOf } from "./known.ts"
import { type Outcome, outcomesOf, surprises } from "./outcome.ts"

const usage = `usage: npm run test:rego -- [part of a case's name]

Runs OPA's own compliance cases (of the version that deploy/tools pins, out of Go's module cache) in the policy host:
each compiled by the real opa, as policies are. Ends with 1 if a case fails that test/rego/known.ts does not list, or
passes though it is listed. Takes three minutes, less when the cases were compiled before.`

const share = (part: number, whole: number) => `${part} of ${whole}, ${(100 * part / whole).toFixed(2)} %`

const isA = <T extends Outcome["type"]>(type: T) => (outcome: Outcome): outcome is Outcome & { readonly type: T } =>
  outcome.type === type

const report = (version: Case["version"], outcomes: ReadonlyArray<Outcome>): ReadonlyArray<string> => {
  const passed = outcomes.filter(isA("passed")).length
  const refused = outcomes.filter(isA("refused"))
  const failed = outcomes.filter(isA("failed"))
  return [
    `Rego ${version}`,
    `  passed: ${share(passed, outcomes.length)}`,
    `  passed of those that need nothing refused: ${share(passed, outcomes.length - refused.length)}`,
    `  failed: ${failed.length}`,
    ...failed.map((outcome) =>
      `    ${outcome.case.file} ${outcome.case.note}: ${reasonOf(outcome.case) ?? `NOT LISTED: ${outcome.why}`}`
    ),
    `  refused when compiled: ${refused.length}`,
    ...refused.map((outcome) => `    ${outcome.case.file} ${outcome.case.note}: ${outcome.builtins.join(" ")}`)
  ]
}

const main = Effect.gen(function*() {
  const files = yield* FileSystem.FileSystem
  const compiler = yield* makeCompiler
  const kept = join(dirname(fromEnvironment(process.env).cacheDirectory), "compliance")
  yield* files.makeDirectory(kept, { recursive: true })
  const wanted = process.argv[2] ?? ""
  const all = [...yield* readCases("v1"), ...yield* readCases("v0")].filter(({ file, note, version }) =>
    `${version} ${file} ${note}`.includes(wanted)
  )
  const outcomes = yield* outcomesOf(compiler, all, kept, (done) => {
    if (done % 500 === 0) console.error(`${done} of ${all.length}`)
  })
  for (const version of ["v1", "v0"] as const) {
    const own = outcomes.filter((outcome) => outcome.case.version === version)
    if (own.length > 0) console.log(report(version, own).join("\n"))
  }
  const wrong = surprises(outcomes)
  if (wrong.length > 0) {
    console.error(`\nNot as test/rego/known.ts says:\n${wrong.map((line) => `  ${line}`).join("\n")}`)
  }
  return wrong.length > 0 || all.length === 0 ? 1 : 0
})

if (process.argv.includes("--help")) console.log(usage)
else {
  process.exitCode = await Effect.runPromise(main.pipe(
    Effect.scoped,
    Effect.provide(
      Programs.layer(fromEnvironment(process.env)).pipe(
        Layer.provideMerge([NodeServices.layer, NodeHttpClient.layerUndici])
      )
    )
  ))
}
