import type { FileCoverage, PolicyTest, TestRun } from "../../policy/TestRun.ts"

/** The one document of `sluice test`; every format is written from it. Stable: `cli.sluice.dev/v1`. */
export interface TestReport {
  readonly apiVersion: "cli.sluice.dev/v1"
  readonly kind: "TestReport"
  readonly verdict: "passed" | "failed"
  readonly summary: Readonly<Record<PolicyTest["status"], number>>
  readonly tests: ReadonlyArray<PolicyTest>
  readonly coverage?: {
    readonly percent: number
    readonly threshold?: number
    readonly files: ReadonlyArray<FileCoverage & { readonly percent: number }>
  }
}

/** Rounded down to a tenth: 100 is all of it. */
const percentOf = (covered: number, lines: number): number =>
  lines === 0 ? 100 : Math.floor(1_000 * covered / lines) / 10

const coverageOf = (files: ReadonlyArray<FileCoverage>, threshold: number | undefined) => ({
  percent: percentOf(
    files.reduce((sum, { covered }) => sum + covered, 0),
    files.reduce((sum, { lines }) => sum + lines, 0)
  ),
  ...threshold === undefined ? {} : { threshold },
  files: files.map((file) => Object.assign({ ...file }, { percent: percentOf(file.covered, file.lines) }))
})

/** Several folders' runs in one document: a failure, or less coverage than the threshold, is not passed. */
export const testReport = (runs: ReadonlyArray<TestRun>, threshold: number | undefined): TestReport => {
  const tests = runs.flatMap((run) => run.tests)
  const count = (status: PolicyTest["status"]) => tests.filter((test) => test.status === status).length
  const summary = {
    passed: count("passed"),
    failed: count("failed"),
    error: count("error"),
    skipped: count("skipped")
  }
  const covered = runs.flatMap(({ coverage }) => coverage === undefined ? [] : [coverage])
  const coverage = covered.length < runs.length ? undefined : coverageOf(covered.flat(), threshold)
  const isBelow = coverage !== undefined && threshold !== undefined && coverage.percent < threshold
  return {
    apiVersion: "cli.sluice.dev/v1",
    kind: "TestReport",
    verdict: summary.failed + summary.error > 0 || isBelow ? "failed" : "passed",
    summary,
    tests,
    ...coverage === undefined ? {} : { coverage }
  }
}

/** `24 passed, 1 failed, 0 skipped; 98.3 % of the policies' lines`. */
export const displayTests = ({ coverage, summary }: TestReport): string =>
  [
    `${summary.passed} passed`,
    `${summary.failed + summary.error} failed`,
    `${summary.skipped} skipped`
  ].join(", ") + (coverage === undefined
    ? ""
    : `; ${coverage.percent} % of the policies' lines${
      coverage.threshold === undefined || coverage.percent >= coverage.threshold
        ? ""
        : `, less than the ${coverage.threshold} % that are asked for`
    }`)

/** Whether a test counts against the run. */
export const hasFailed = ({ status }: PolicyTest): boolean => status === "failed" || status === "error"

/** Below what is asked for: the one failure that no test tells of. */
export const isThin = ({ coverage }: TestReport): boolean =>
  coverage?.threshold !== undefined && coverage.percent < coverage.threshold

/** What there is to say of a failure, line by line: its error or its expression, its cases, what it printed. */
export const failureLines = ({ cases, explanation, output }: PolicyTest): ReadonlyArray<string> => [
  ...cases.length === 0 ? [] : [`failed for: ${cases.join(", ")}`],
  ...explanation,
  ...output === "" ? [] : ["printed:", ...output.trimEnd().split("\n").map((line) => `  ${line}`)]
]
