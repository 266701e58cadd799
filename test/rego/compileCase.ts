import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Random from "effect/Random"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { digest } from "../../src/domain/digest.ts"
import * as Capabilities from "../../src/policy/capabilities.ts"
import { run } from "../../src/policy/opa.ts"
import { mocks, shim } from "../../src/policy/shim.ts"
import { fileOfTar } from "../../src/policy/tar.ts"
import { Programs } from "../../src/programs/Programs.ts"
import type { Case } from "./cases.ts"

/** OPA, and the capabilities that policies get. */
export interface Compiler {
  readonly opa: string
  readonly capabilities: string
  /** Names of the functions that OPA has and policies do not get. */
  readonly withheld: ReadonlySet<string>
}

export type CompiledCase =
  | { readonly type: "compiled"; readonly bundle: Uint8Array }
  | { readonly type: "refused"; readonly builtins: ReadonlyArray<string> }
  | { readonly type: "broken"; readonly why: string }

export const entrypoint = "sluice_case/decision"

export const makeCompiler = Effect.gen(function*() {
  const files = yield* FileSystem.FileSystem
  const opa = yield* (yield* Programs).path("opa")
  const folder = yield* files.makeTempDirectoryScoped({ prefix: "sluice-compliance-" })
  const { stdout } = yield* run(opa, folder, ["capabilities", "--current"])
  const all = yield* Capabilities.decode(stdout)
  const capabilities = Capabilities.restrict(all)
  const given = new Set((yield* Capabilities.decode(capabilities)).builtins.map(({ name }) => name))
  const withheld = new Set(all.builtins.map(({ name }) => name).filter((name) => !given.has(name)))
  return { opa, capabilities, withheld } satisfies Compiler
})

/** The query as a rule, since `opa build` compiles rules; the decision asks it through the shims as Sluice asks its rules. */
const wrap = ({ modules, query, variables, version }: Case): Readonly<Record<string, string>> => {
  const bindings = `{${variables.map((name) => `"${name}": ${name}`).join(", ")}}`
  const texts = [query, ...modules]
  const head = version === "v0" ? `answer[${bindings}]` : `answer contains ${bindings} if`
  return {
    "query.rego": `package sluice_case\n\n${head} {\n\t${query}\n}\n`,
    "decision.rego":
      `package sluice_case\n\nimport rego.v1\n\ndecision := answers if answers := data.sluice_case.answer${
        mocks(texts)
      }\n`,
    "shim.rego": shim(texts)
  }
}

/** OPA registers it for its own tests alone. */
const foreign = "test.sleep"

/** OPA's complaint is a refusal where the case uses a function that policies do not get. */
const outcomeOf = (complaint: string, { modules, query }: Case, { withheld }: Compiler): CompiledCase => {
  const texts = [query, ...modules]
  const isCalled = (name: string) =>
    texts.some((text) => new RegExp(`(?<![\\w.])${RegExp.escape(name)}(?![\\w.])`).test(text))
  const builtins = [...withheld, foreign].filter(isCalled)
  return builtins.length > 0 ? { type: "refused", builtins } : { type: "broken", why: complaint.trim().slice(0, 500) }
}

const build = Effect.fnUntraced(function*(compiler: Compiler, given: Case) {
  const files = yield* FileSystem.FileSystem
  const folder = yield* files.makeTempDirectoryScoped({ prefix: "sluice-case-" })
  const sources = {
    ...wrap(given),
    ...Object.fromEntries(given.modules.map((text, index) => [`m${index}.rego`, text]))
  }
  yield* files.writeFileString(join(folder, "capabilities.json"), compiler.capabilities)
  yield* Effect.forEach(Object.entries(sources), ([name, text]) => files.writeFileString(join(folder, name), text))
  const language = given.version === "v0" ? ["--v0-compatible"] : []
  const { exitCode, stderr, stdout } = yield* run(compiler.opa, folder, [
    "build",
    "-t",
    "wasm",
    "-e",
    entrypoint,
    "--capabilities",
    "capabilities.json",
    "-o",
    "bundle.tar.gz",
    ...language,
    ...Object.keys(sources).sort()
  ])
  if (exitCode !== 0) return outcomeOf(stderr || stdout, given, compiler)
  return { type: "compiled", bundle: yield* files.readFile(join(folder, "bundle.tar.gz")) } satisfies CompiledCase
}, Effect.scoped)

export const wasmOf = (bundle: Uint8Array): Uint8Array => fileOfTar(gunzipSync(bundle), "policy.wasm")!

/** Compiles a case, or takes from the folder what was compiled of the same texts before. Without a folder nothing is kept. */
export const compileCase = Effect.fnUntraced(function*(compiler: Compiler, given: Case, kept: string | undefined) {
  const files = yield* FileSystem.FileSystem
  const key = digest(
    compiler.opa,
    compiler.capabilities,
    given.version,
    ...Object.values(wrap(given)),
    ...given.modules
  )
  const file = join(kept ?? "", `${key.replace(":", "-")}.bundle`)
  if (kept !== undefined && (yield* files.exists(file))) {
    return { type: "compiled", bundle: yield* files.readFile(file) } satisfies CompiledCase
  }
  const compiled = yield* build(compiler, given)
  if (kept !== undefined && compiled.type === "compiled") {
    const part = `${file}.${yield* Random.nextInt}.part`
    yield* files.writeFile(part, compiled.bundle)
    yield* files.rename(part, file)
  }
  return compiled
})
