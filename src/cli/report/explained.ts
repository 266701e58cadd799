import type { Violation } from "../../domain/Decision.ts"
import { displayOrigin, displayPlace } from "../../domain/Manifest.ts"
import { oneLine } from "../../domain/plainText.ts"
import type { CheckReport } from "../CheckReport.ts"
import type { Paint } from "../color.ts"
import { excerptLines } from "../excerpt.ts"
import type { Shown } from "../sourceTexts.ts"
import { displaySummary } from "./described.ts"
import { violationLines, waivedLines } from "./table.ts"

const longest = 500

/** `Images are pinned by digest · severity high · policies/images.rego:14 · repository sha256:1a2b3c4d`. */
const ruleLine = ({ bundle, impact, policy, ruleSource, title }: Violation): string =>
  [
    title ?? policy,
    ...impact === undefined ? [] : [`severity ${impact}`],
    ...ruleSource === undefined ? [] : [displayOrigin(ruleSource)],
    `${bundle.name} ${bundle.digest.slice(0, "sha256:".length + 8)}`
  ].map((part) => oneLine(part, longest)).join(" · ")

/** What stands in the manifest, and beside it the rule. */
export const shownLines = (violation: Violation, shown: Shown | undefined, paint: Paint): ReadonlyArray<string> => {
  const { manifest, rule = [] } = shown ?? {}
  const { source } = violation
  return [
    ...manifest === undefined || source === undefined ? [] : [
      `${paint("cyan", "manifest")} ${oneLine(displayPlace(source), longest)}`,
      ...excerptLines(manifest, paint)
    ],
    `${paint("cyan", "rule")} ${ruleLine(violation)}`,
    ...rule.flatMap((excerpt) => excerptLines(excerpt, paint))
  ].map((line) => `     ${line}`)
}

/** The table with the manifest's lines and the rule's below each finding. */
export const explained = (shown: ReadonlyMap<Violation, Shown>) => (report: CheckReport, paint: Paint): string =>
  [
    ...report.violations.flatMap((violation) => [
      ...violationLines(violation, paint),
      ...shownLines(violation, shown.get(violation), paint),
      ""
    ]),
    ...(report.waived ?? []).flatMap((found) => waivedLines(found, paint).concat("")),
    ...report.verdict === "error" ? [] : [displaySummary(report.summary)]
  ].map((line) => `${line}\n`).join("")
