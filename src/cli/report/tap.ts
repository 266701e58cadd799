import type { Violation } from "../../domain/Decision.ts"
import { displayPlace } from "../../domain/Manifest.ts"
import { oneLine } from "../../domain/plainText.ts"
import type { CheckReport } from "../CheckReport.ts"
import { audited, displayObject, displayWaiver, helpLines } from "./described.ts"

/** A description ends where `#` begins a directive. */
const text = (value: string): string => oneLine(value, 2_000).replaceAll("\\", "\\\\").replaceAll("#", "\\#")

/** Test Anything Protocol: one point for each finding (warnings are `ok`, what is waived is skipped), or a single point that passed. */
export const tap = (report: CheckReport): string => {
  const described = (violation: Violation): string =>
    text([violation.source?.file ?? "-", displayObject(violation), violation.policy, violation.message].join(" - "))
  const placed = (violation: Violation): ReadonlyArray<string> => [
    ...violation.source === undefined ? [] : [`at ${displayPlace(violation.source)}`],
    ...violation.enforcement === "audit" ? [audited] : [],
    ...helpLines(violation)
  ]
  const findings = report.violations.map((violation) => ({
    ok: violation.severity !== "deny",
    text: described(violation),
    comments: placed(violation)
  }))
  const waived = (report.waived ?? []).map((found) => ({
    ok: true,
    text: `${described(found)} # SKIP ${text(displayWaiver(found.waiver))}`,
    comments: placed(found)
  }))
  const errors = report.errors.map(({ message, reason, source }) => ({
    ok: false,
    text: text([source?.file ?? "-", reason, message].join(" - ")),
    comments: []
  }))
  const found = [...findings, ...waived, ...errors]
  const points = found.length === 0 ? [{ ok: true, text: "sluice check", comments: [] }] : found
  return [
    `1..${points.length}`,
    ...points.flatMap(({ comments, ok, text }, index) =>
      [`${ok ? "ok" : "not ok"} ${index + 1} - ${text}`].concat(comments.map((line) => `# ${oneLine(line, 2_000)}`))
    ),
    ""
  ].join("\n")
}
