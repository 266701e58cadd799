import { displayOrigin } from "../../domain/Manifest.ts"
import { oneLine } from "../../domain/plainText.ts"
import { displayTests, failureLines, hasFailed, isThin, type TestReport } from "./TestReport.ts"

/** A description ends where `#` begins a directive. */
const text = (value: string): string => oneLine(value, 2_000).replaceAll("\\", "\\\\").replaceAll("#", "\\#")

/** Test Anything Protocol: one point a test, comments below what failed, and one more for the coverage asked for. */
export const tap = (report: TestReport): string => {
  const points = report.tests.map((test) => ({
    ok: !hasFailed(test),
    text: text(`${test.package}.${test.name}`) + (test.status === "skipped" ? " # SKIP" : ""),
    comments: hasFailed(test)
      ? [...test.source === undefined ? [] : [displayOrigin(test.source)], ...failureLines(test)]
      : []
  }))
  const asked = report.coverage?.threshold === undefined
    ? []
    : [{ ok: !isThin(report), text: text(displayTests(report)), comments: [] }]
  const all = [...points, ...asked]
  const lines = all.flatMap(({ comments, ok, text }, index) =>
    [`${ok ? "ok" : "not ok"} ${index + 1} - ${text}`].concat(comments.map((line) => `# ${oneLine(line, 2_000)}`))
  )
  return [`1..${all.length}`, ...lines, ""].join("\n")
}
