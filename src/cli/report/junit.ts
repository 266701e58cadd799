import { displayOrigin } from "../../domain/Manifest.ts"
import type { CheckReport } from "../CheckReport.ts"
import { displayObject, displaySummary, numbered } from "./described.ts"
import { element, leaf } from "./xml.ts"

/**
 * JUnit XML. A test case is known by policy, object and file: no line, so that a report names newly failed ones only.
 * Warnings pass and say so in their output; a report without findings holds one case that passed.
 */
export const junit = (report: CheckReport): string => {
  const findings = numbered(report.violations).map(({ occurrence, violation }) => {
    const file = violation.source?.file
    const name = [
      displayObject(violation),
      ...file === undefined ? [] : [file],
      ...occurrence === 1 ? [] : [`#${occurrence}`]
    ].join(" ")
    const text = [
      violation.message,
      ...violation.source === undefined ? [] : [`at ${displayOrigin(violation.source)}`],
      ...violation.remedy === undefined ? [] : [`remedy: ${violation.remedy}`],
      ...violation.url === undefined ? [] : [`see: ${violation.url}`]
    ].join("\n")
    return element("testcase", { classname: violation.policy, name, file }, [
      violation.severity === "deny"
        ? leaf("failure", { message: violation.message, type: "deny" }, text)
        : leaf("system-out", {}, text)
    ])
  })
  const errors = report.errors.map((error, index) =>
    element("testcase", {
      classname: error.reason,
      name: error.source?.file ?? `check #${index + 1}`,
      file: error.source?.file
    }, [
      leaf(
        "error",
        { message: error.message, type: error.reason },
        [
          ...error.source === undefined ? [] : [`at ${displayOrigin(error.source)}`],
          error.message,
          error.hint
        ].join("\n")
      )
    ])
  )
  const passed = report.verdict === "passed"
    ? [element("testcase", { classname: "sluice", name: "check" }, [
      leaf("system-out", {}, displaySummary(report.summary))
    ])]
    : []
  const cases = [...findings, ...errors, ...passed]
  const counts = {
    tests: cases.length,
    failures: report.violations.filter(({ severity }) => severity === "deny").length,
    errors: errors.length
  }
  return [
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
    element("testsuites", counts, [element("testsuite", { name: "sluice check", ...counts }, cases)]),
    ""
  ].join("\n")
}
