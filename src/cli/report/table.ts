import type { Violation } from "../../domain/Decision.ts"
import { displayOrigin } from "../../domain/Manifest.ts"
import { oneLine } from "../../domain/plainText.ts"
import type { CheckReport } from "../CheckReport.ts"
import { type Paint, plain } from "../color.ts"
import { displayObject, displaySummary } from "./described.ts"

const longest = 2_000

/** One finding for people: where, what, which policy, and what would remedy it. */
export const violationLines = (violation: Violation, paint: Paint): ReadonlyArray<string> => {
  const text = (value: string) => oneLine(value, longest)
  const deny = violation.severity === "deny"
  return [
    [
      `${deny ? paint("red", "DENY") : paint("yellow", "WARN")} ${
        violation.source === undefined ? "-" : text(displayOrigin(violation.source))
      }`,
      text(displayObject(violation)),
      paint("bold", text(violation.policy)),
      text(violation.message)
    ].join("  "),
    ...violation.remedy === undefined ? [] : [`     ${paint("dim", "remedy:")} ${text(violation.remedy)}`],
    ...violation.url === undefined ? [] : [`     ${paint("dim", "see:")} ${text(violation.url)}`]
  ]
}

/** For people: one line for each finding, what would remedy it below, and the sums. */
export const table = (report: CheckReport, paint: Paint = plain): string =>
  [
    ...report.violations.flatMap((violation) => violationLines(violation, paint)),
    ...report.violations.length === 0 ? [] : [""],
    ...report.verdict === "error" ? [] : [displaySummary(report.summary)]
  ].map((line) => `${line}\n`).join("")
