import type { Violation, Waived } from "../../domain/Decision.ts"
import { displayOrigin } from "../../domain/Manifest.ts"
import { oneLine } from "../../domain/plainText.ts"
import type { CheckReport } from "../CheckReport.ts"
import { type Paint, plain } from "../color.ts"
import { displayObject, displaySummary } from "./described.ts"

const longest = 2_000

/** One finding for people: where, what, which policy, and what would remedy it. */
export const violationLines = (violation: Violation, paint: Paint): ReadonlyArray<string> => {
  const text = (value: string) => oneLine(value, longest)
  const isAudited = violation.enforcement === "audit"
  const word = violation.severity === "deny"
    ? paint("red", "DENY")
    : paint("yellow", isAudited ? "AUDIT" : "WARN")
  return [
    [
      `${word} ${violation.source === undefined ? "-" : text(displayOrigin(violation.source))}`,
      text(displayObject(violation)),
      paint("bold", text(violation.policy)),
      text(violation.message)
    ].join("  "),
    ...violation.remedy === undefined ? [] : [`     ${paint("dim", "remedy:")} ${text(violation.remedy)}`],
    ...violation.url === undefined ? [] : [`     ${paint("dim", "see:")} ${text(violation.url)}`]
  ]
}

/** One finding that does not deny, and by whose leave. */
export const waivedLines = (found: Waived, paint: Paint): ReadonlyArray<string> => {
  const text = (value: string) => oneLine(value, longest)
  const { owner, reason, until, where } = found.waiver
  const place = where === undefined ? "" : `, ${text(displayOrigin(where))}`
  return [
    [
      `${paint("dim", "WAIVED")} ${found.source === undefined ? "-" : text(displayOrigin(found.source))}`,
      text(displayObject(found)),
      paint("bold", text(found.policy)),
      text(found.message)
    ].join("  "),
    `     ${paint("dim", "waived:")} by ${text(owner)}${until === undefined ? "" : ` until ${text(until)}`}: ${
      text(reason)
    }${place}`
  ]
}

/** For people: one line for each finding, what would remedy it below, and the sums. */
export const table = (report: CheckReport, paint: Paint = plain): string =>
  [
    ...report.violations.flatMap((violation) => violationLines(violation, paint)),
    ...(report.waived ?? []).flatMap((found) => waivedLines(found, paint)),
    ...report.violations.length + (report.waived ?? []).length === 0 ? [] : [""],
    ...report.verdict === "error" ? [] : [displaySummary(report.summary)]
  ].map((line) => `${line}\n`).join("")
