import { oneLine } from "../../domain/plainText.ts"
import type { CheckReport } from "../CheckReport.ts"
import { displayObject } from "./described.ts"

/** A description ends where `#` begins a directive. */
const text = (value: string): string => oneLine(value, 2_000).replaceAll("\\", "\\\\").replaceAll("#", "\\#")

/** Test Anything Protocol: one point for each finding (warnings are `ok`), or a single point that passed. */
export const tap = (report: CheckReport): string => {
  const findings = report.violations.map((violation) => ({
    ok: violation.severity !== "deny",
    text: [violation.source?.file ?? "-", displayObject(violation), violation.policy, violation.message].join(" - ")
  }))
  const errors = report.errors.map(({ message, reason, source }) => ({
    ok: false,
    text: [source?.file ?? "-", reason, message].join(" - ")
  }))
  const found = [...findings, ...errors]
  const points = found.length === 0 ? [{ ok: true, text: "sluice check" }] : found
  return [
    `1..${points.length}`,
    ...points.map((point, index) => `${point.ok ? "ok" : "not ok"} ${index + 1} - ${text(point.text)}`),
    ""
  ].join("\n")
}
