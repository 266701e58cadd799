import type { Violation } from "../../domain/Decision.ts"
import { displayPlace } from "../../domain/Manifest.ts"
import type { CheckReport } from "../CheckReport.ts"
import { audited, displayObject, displaySummary, displayWaiver, helpLines, numbered } from "./described.ts"
import { element, leaf } from "./xml.ts"

/**
 * JUnit XML. A test case is known by policy, object and file: no line, so that a report names newly failed ones only.
 * Warnings pass and say so in their output, what is waived is skipped; a report without findings holds one case that passed.
 */
export const junit = (report: CheckReport): string => {
  const caseOf = (violation: Violation, occurrence: number, result: (text: string) => string) => {
    const file = violation.source?.file
    const name = [
      displayObject(violation),
      ...file === undefined ? [] : [file],
      ...occurrence === 1 ? [] : [`#${occurrence}`]
    ].join(" ")
    const text = [
      violation.message,
      ...violation.source === undefined ? [] : [`at ${displayPlace(violation.source)}`],
      ...violation.enforcement === "audit" ? [audited] : [],
      ...helpLines(violation)
    ].join("\n")
    return element("testcase", { classname: violation.policy, name, file }, [result(text)])
  }
  const findings = numbered(report.violations).map(({ occurrence, violation }) =>
    caseOf(violation, occurrence, (text) =>
      violation.severity === "deny"
        ? leaf("failure", { message: violation.message, type: "deny" }, text)
        : leaf("system-out", {}, text))
  )
  const waived = numbered(report.waived ?? []).map(({ occurrence, violation }) =>
    caseOf(violation, occurrence, (text) => leaf("skipped", { message: displayWaiver(violation.waiver) }, text))
  )
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
          ...error.source === undefined ? [] : [`at ${displayPlace(error.source)}`],
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
  const cases = [...findings, ...waived, ...errors, ...passed]
  const counts = {
    tests: cases.length,
    failures: report.violations.filter(({ severity }) => severity === "deny").length,
    errors: errors.length,
    ...waived.length === 0 ? {} : { skipped: waived.length }
  }
  return [
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
    element("testsuites", counts, [element("testsuite", { name: "sluice check", ...counts }, cases)]),
    ""
  ].join("\n")
}
