import type { Violation } from "../../domain/Decision.ts"
import { displayOrigin } from "../../domain/Manifest.ts"
import { oneLine } from "../../domain/plainText.ts"
import type { CheckReport } from "../CheckReport.ts"
import { displayObject, displaySummary, displayWaiver } from "./described.ts"

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

/** A link only where the address can neither end it nor run anything. */
const linked = (name: string, url: string | undefined): string =>
  url !== undefined && /^https?:\/\/[\w.~:/?#@!$&*+,;=%-]+$/u.test(url) ? `[${name}](${url})` : name

const wordOf = ({ enforcement, severity }: Violation): string =>
  severity === "deny" ? "**deny**" : enforcement === "audit" ? "audit" : "warn"

const title = { passed: "Sluice: passed", denied: "Sluice: denied", error: "Sluice: could not check" }

const maximum = 200

/** The body of a note on a merge request. The first line, invisible, lets a bot find its own note again. */
export const markdown = (report: CheckReport): string => {
  const waived = (report.waived ?? []).map((found) => ({
    violation: found,
    word: "waived",
    note: displayWaiver(found.waiver)
  }))
  const all: ReadonlyArray<{ readonly violation: Violation; readonly word: string; readonly note?: string }> = [
    ...report.violations.map((violation) => ({ violation, word: wordOf(violation) })),
    ...waived
  ]
  const rows = all.slice(0, maximum).map(({ note, violation, word }) =>
    [
      word,
      violation.source === undefined ? "" : code(displayOrigin(violation.source)),
      code(displayObject(violation)),
      linked(text(violation.title ?? violation.policy), violation.url),
      [violation.message, note ?? violation.remedy].flatMap((line) => line === undefined ? [] : [text(line)]).join(
        "<br>"
      )
    ].join(" | ")
  )
  const more = all.length - rows.length
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
