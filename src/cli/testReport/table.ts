import { displayOrigin } from "../../domain/Manifest.ts"
import { codeLine, oneLine } from "../../domain/plainText.ts"
import type { PolicyTest } from "../../policy/TestRun.ts"
import type { Paint } from "../color.ts"
import { displayTests, failureLines, hasFailed, type TestReport } from "./TestReport.ts"

const longest = 2_000
/** Lines of one failure. */
const most = 60

const ranges = (all: ReadonlyArray<readonly [number, number]>): string =>
  all.map(([from, to]) => from === to ? String(from) : `${from}-${to}`).join(", ")

const coverageLines = ({ coverage }: TestReport, paint: Paint): ReadonlyArray<string> => {
  if (coverage === undefined) return []
  const width = Math.max(...coverage.files.map(({ file }) => file.length))
  return coverage.files.map(({ file, percent, uncovered }) =>
    [
      `${oneLine(file, longest).padEnd(width)}  ${`${percent} %`.padStart(7)}`,
      ...uncovered.length === 0 ? [] : [paint("yellow", `not covered: ${ranges(uncovered)}`)]
    ].join("  ")
  )
}

const failureOf = (test: PolicyTest, paint: Paint): ReadonlyArray<string> => {
  const lines = failureLines(test)
  const place = test.source === undefined ? "-" : oneLine(displayOrigin(test.source), longest)
  const name = oneLine(`${test.package}.${test.name}`, longest)
  return [
    `${paint("red", test.status === "error" ? "ERROR" : "FAIL")} ${place}  ${paint("bold", name)}`,
    ...lines.slice(0, most).map((line) => `     ${codeLine(line, longest)}`),
    ...lines.length > most ? [`     … and ${lines.length - most} lines more`] : []
  ].concat("")
}

/** For people: the tests that failed, with what did not hold; what the tests covered, and the sums. */
export const table = (report: TestReport, paint: Paint): string => {
  const covered = coverageLines(report, paint)
  return [
    ...report.tests.filter(hasFailed).flatMap((test) => failureOf(test, paint)),
    ...covered,
    ...covered.length === 0 ? [] : [""],
    displayTests(report)
  ].map((line) => `${line.trimEnd()}\n`).join("")
}
