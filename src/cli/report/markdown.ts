import { displayOrigin } from "../../domain/Manifest.ts"
import { oneLine } from "../../domain/plainText.ts"
import type { CheckReport } from "../CheckReport.ts"
import { displayObject, displaySummary } from "./described.ts"

/** Somebody else's text in a table cell: no markup, no table borders, and `@name` calls nobody. */
const text = (value: string): string =>
  oneLine(value, 1_000)
    .replace(/[\\`*_{}[\]()#+!|~$^-]/gu, "\\$&")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("@", "@\u2060")
    .replace(/:\/\//gu, ":\u2060//")

const code = (value: string): string => `\`${oneLine(value, 500).replaceAll("`", "'").replaceAll("|", "\\|")}\``

const title = { passed: "Sluice: passed", denied: "Sluice: denied", error: "Sluice: could not check" }

const maximum = 200

/** The body of a note on a merge request. The first line, invisible, lets a bot find its own note again. */
export const markdown = (report: CheckReport): string => {
  const shown = report.violations.slice(0, maximum)
  const rows = shown.map((violation) =>
    [
      violation.severity === "deny" ? "**deny**" : "warn",
      violation.source === undefined ? "" : code(displayOrigin(violation.source)),
      code(displayObject(violation)),
      text(violation.title ?? violation.policy),
      text(violation.message) + (violation.remedy === undefined ? "" : `<br>${text(violation.remedy)}`)
    ].join(" | ")
  )
  const more = report.violations.length - shown.length
  return [
    "<!-- sluice-check -->",
    `### ${title[report.verdict]}`,
    "",
    displaySummary(report.summary),
    ...rows.length === 0
      ? []
      : ["", "| | where | object | policy | message |", "|---|---|---|---|---|", ...rows.map((row) => `| ${row} |`)],
    ...more > 0 ? ["", `…and ${more} more.`] : [],
    ...report.errors.flatMap(({ hint, message, reason, source }) => [
      "",
      `**${reason}** ${source === undefined ? "" : `${code(displayOrigin(source))} `}${text(message)}`,
      "",
      text(hint)
    ]),
    ""
  ].join("\n")
}
