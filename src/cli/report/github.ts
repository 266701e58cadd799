import type { Origin } from "../../domain/Manifest.ts"
import type { CheckReport } from "../CheckReport.ts"
import { audited, displayObject, displaySummary, displayWaiver, helpLines } from "./described.ts"

const escapeData = (text: string): string =>
  text.toWellFormed().replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A")
const escapeProperty = (text: string): string => escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C")

/** One workflow command: an annotation at a place. */
export const command = (
  name: "error" | "warning" | "notice",
  place: Origin | undefined,
  title: string,
  message: string
): string => {
  const properties = [
    ...place === undefined ? [] : [`file=${escapeProperty(place.file)}`],
    ...place?.line === undefined ? [] : [`line=${place.line}`],
    ...place?.column === undefined ? [] : [`col=${place.column}`],
    `title=${escapeProperty(title)}`
  ]
  return `::${name} ${properties.join(",")}::${escapeData(message)}`
}

/** Workflow commands that a runner turns into annotations. */
export const github = (report: CheckReport): string =>
  [
    `::group::sluice check: ${displaySummary(report.summary)}`,
    ...report.violations.map((violation) =>
      command(
        violation.severity === "deny" ? "error" : violation.enforcement === "audit" ? "notice" : "warning",
        violation.source,
        violation.policy,
        [
          `${displayObject(violation)}: ${violation.message}`,
          ...violation.enforcement === "audit" ? [audited] : [],
          ...helpLines(violation)
        ].join("\n")
      )
    ),
    ...(report.waived ?? []).map((found) =>
      command(
        "notice",
        found.source,
        found.policy,
        `${displayObject(found)}: ${found.message}\n${displayWaiver(found.waiver)}`
      )
    ),
    ...report.errors.map(({ hint, message, reason, source }) =>
      command("error", source, reason, `${message}\n${hint}`)
    ),
    "::endgroup::",
    ""
  ].join("\n")
