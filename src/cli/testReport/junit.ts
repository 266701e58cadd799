import { displayOrigin } from "../../domain/Manifest.ts"
import { element, leaf } from "../report/xml.ts"
import { displayTests, failureLines, hasFailed, isThin, type TestReport } from "./TestReport.ts"

const seconds = (milliseconds: number): string => (milliseconds / 1_000).toFixed(6)

/** JUnit XML: a test case is known by its package and name. */
export const junit = (report: TestReport): string => {
  const cases = report.tests.map((test) => {
    const lines = [...test.source === undefined ? [] : [`at ${displayOrigin(test.source)}`], ...failureLines(test)]
    const message = test.explanation[0]?.trim() ?? "it failed"
    return element(
      "testcase",
      { classname: test.package, name: test.name, file: test.source?.file, time: seconds(test.durationMs) },
      [
        ...test.status === "failed" ? [leaf("failure", { message, type: "failed" }, lines.join("\n"))] : [],
        ...test.status === "error" ? [leaf("error", { message, type: "error" }, lines.join("\n"))] : [],
        ...test.status === "skipped" ? [leaf("skipped", {})] : [],
        ...test.output === "" || hasFailed(test) ? [] : [leaf("system-out", {}, test.output)]
      ]
    )
  })
  const asked = report.coverage?.threshold === undefined ? [] : [
    element("testcase", { classname: "sluice", name: "coverage" }, [
      leaf(isThin(report) ? "failure" : "system-out", {}, displayTests(report))
    ])
  ]
  const counts = {
    tests: cases.length + asked.length,
    failures: report.summary.failed + (isThin(report) ? 1 : 0),
    errors: report.summary.error,
    skipped: report.summary.skipped
  }
  return [
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
    element("testsuites", counts, [element("testsuite", { name: "sluice test", ...counts }, [...cases, ...asked])]),
    ""
  ].join("\n")
}
