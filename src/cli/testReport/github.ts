import { command } from "../report/github.ts"
import { displayTests, failureLines, hasFailed, isThin, type TestReport } from "./TestReport.ts"

/** Workflow commands that a runner turns into annotations at the tests that failed. */
export const github = (report: TestReport): string =>
  [
    `::group::sluice test: ${displayTests(report)}`,
    ...report.tests.filter(hasFailed).map((test) =>
      command("error", test.source, `${test.package}.${test.name}`, failureLines(test).join("\n") || "it failed")
    ),
    ...isThin(report) ? [command("error", undefined, "coverage", displayTests(report))] : [],
    "::endgroup::",
    ""
  ].join("\n")
