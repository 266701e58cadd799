import * as Effect from "effect/Effect"
import type { Case } from "./cases.ts"
import { makeCaseThread } from "./CaseThread.ts"
import { compileCase, type Compiler, wasmOf } from "./compileCase.ts"
import { reasonOf } from "./known.ts"

/** What became of a case. */
export type Outcome =
  | { readonly type: "passed"; readonly case: Case }
  | { readonly type: "refused"; readonly case: Case; readonly builtins: ReadonlyArray<string> }
  | { readonly type: "failed"; readonly case: Case; readonly why: string }

const lanes = 2

const outcomeOf = Effect.fnUntraced(function*(
  compiler: Compiler,
  given: Case,
  kept: string | undefined,
  judge: (given: Case, wasm: Uint8Array) => Promise<string | undefined>
) {
  const compiled = yield* compileCase(compiler, given, kept)
  if (compiled.type === "refused") {
    return { type: "refused", case: given, builtins: compiled.builtins } satisfies Outcome
  }
  const why = compiled.type === "broken"
    ? compiled.why
    : yield* Effect.promise(() => judge(given, wasmOf(compiled.bundle)))
  const outcome: Outcome = why === undefined ? { type: "passed", case: given } : { type: "failed", case: given, why }
  return outcome
})

/** Compiles and evaluates cases, two at a time; in the order of the cases. `kept` is a folder for what is compiled. */
export const outcomesOf = Effect.fnUntraced(function*(
  compiler: Compiler,
  cases: ReadonlyArray<Case>,
  kept?: string,
  progress: (done: number) => void = () => {}
) {
  const outcomes = new Map<Case, Outcome>()
  const queue = cases[Symbol.iterator]()
  const lane = Effect.gen(function*() {
    const thread = yield* makeCaseThread
    for (const given of queue) {
      outcomes.set(given, yield* outcomeOf(compiler, given, kept, (one, wasm) => thread.judge(one, wasm)))
      progress(outcomes.size)
    }
  })
  yield* Effect.all(Array.from({ length: lanes }, () => Effect.scoped(lane)), { concurrency: lanes })
  return cases.map((given) => outcomes.get(given)!)
})

/** What is not as the list of known failures says. */
export const surprises = (outcomes: ReadonlyArray<Outcome>): ReadonlyArray<string> =>
  outcomes.flatMap((outcome) => {
    const { file, note, version } = outcome.case
    const reason = reasonOf(outcome.case)
    if (outcome.type === "failed" && reason === undefined) return [`${version} ${file} ${note}: ${outcome.why}`]
    return outcome.type === "passed" && reason !== undefined
      ? [`${version} ${file} ${note}: passes, but is listed`]
      : []
  })
