import type { Origin } from "../domain/Manifest.ts"

/** One test of the policies, and how it ended. */
export interface PolicyTest {
  /** `policies.images_test`, without `data`. */
  readonly package: string
  readonly name: string
  readonly status: "passed" | "failed" | "error" | "skipped"
  readonly durationMs: number
  readonly source?: Origin
  /** What `print` said. */
  readonly output: string
  /** The cases of a table of cases that failed. */
  readonly cases: ReadonlyArray<string>
  /** OPA's words: the expression that did not hold, with the values in it; the error. */
  readonly explanation: ReadonlyArray<string>
}

/** What the tests came by of one file of policies. */
export interface FileCoverage {
  readonly file: string
  /** Lines that hold something to evaluate, and how many of them were. */
  readonly lines: number
  readonly covered: number
  /** From and to, both in it, sorted. */
  readonly uncovered: ReadonlyArray<readonly [from: number, to: number]>
}

/** What `opa test` said of a folder of policies, in the author's file names. */
export interface TestRun {
  readonly tests: ReadonlyArray<PolicyTest>
  /** Of the policies, not of the tests; sorted by file. */
  readonly coverage?: ReadonlyArray<FileCoverage>
}
