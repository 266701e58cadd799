import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { readJson } from "../../../src/policy/builtins/json.ts"
import { run } from "../../../src/policy/opa.ts"
import { emit, show } from "../../../src/policy/regoText.ts"
import { equals, RegoObject, RegoSet, type RegoValue, sortedEntries } from "../../../src/policy/regoValue.ts"
import type { Case } from "../../rego/cases.ts"
import { compileCase, makeCompiler, wasmOf } from "../../rego/compileCase.ts"
import { asJson, evaluateCase } from "../../rego/judgeCase.ts"

/** Each expression's values: none where it is undefined. */
const moduleOf = (expressions: ReadonlyArray<string>): string =>
  `package oracle\n\n${
    expressions.map((expression, index) =>
      `results["${String(index).padStart(5, "0")}"] := [value | value := ${expression}]`
    )
      .join("\n\n")
  }\n`

const entries = (value: RegoValue | undefined): ReadonlyArray<RegoValue> =>
  value instanceof RegoObject ? sortedEntries(value).map(([, item]) => item) : []

/** Evaluates expressions by `opa eval` and in our host: a line for each that differs. */
export const differences = Effect.fnUntraced(function*(expressions: ReadonlyArray<string>, input: RegoValue = null) {
  const files = yield* FileSystem.FileSystem
  const compiler = yield* makeCompiler
  const folder = yield* files.makeTempDirectoryScoped({ prefix: "sluice-oracle-" })
  const text = moduleOf(expressions)
  yield* files.writeFileString(`${folder}/oracle.rego`, text)
  yield* files.writeFileString(`${folder}/input.json`, emit(input))
  const parameters = ["eval", "-f", "raw", "-i", "input.json", "-d", "oracle.rego", "data.oracle.results"]
  const { stderr, stdout } = yield* run(compiler.opa, folder, parameters)
  if (stdout === "") return yield* Effect.die(new Error(stderr))
  const given: Case = {
    version: "v1",
    file: "",
    note: "",
    query: "data.oracle.results = x",
    modules: [text],
    data: "{}",
    input: emit(input),
    variables: ["x"],
    expected: { type: "defined", isDefined: true }
  }
  const compiled = yield* compileCase(compiler, given, undefined)
  if (compiled.type !== "compiled") return yield* Effect.die(new Error(JSON.stringify(compiled)))
  const answer = yield* Effect.promise(() => evaluateCase(given, wasmOf(compiled.bundle)))
  const [bindings] = answer instanceof RegoSet ? answer.items : []
  const got = entries(bindings instanceof RegoObject ? bindings.get("x") : undefined)
  const wanted = entries(readJson(stdout))
  return expressions.flatMap((expression, index) => {
    const [a, b] = [wanted[index] ?? null, asJson(got[index] ?? null)]
    return equals(a, b) ? [] : [`${expression}: opa ${show(a)}, here ${show(b)}`]
  })
}, Effect.scoped)
