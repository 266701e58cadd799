import type { Violation } from "../../domain/Decision.ts"
import { digest } from "../../domain/digest.ts"
import type { CheckReport } from "../CheckReport.ts"
import { audited, displayObject, helpLines, numbered } from "./described.ts"
import { fingerprint } from "./fingerprint.ts"

const byImpact: Readonly<Record<string, string>> = {
  critical: "blocker",
  high: "critical",
  medium: "major",
  low: "minor",
  info: "info"
}

const severity = ({ enforcement, impact, severity }: Violation): string =>
  enforcement === "audit"
    ? "info"
    : byImpact[impact?.toLowerCase() ?? ""] ?? (severity === "deny" ? "critical" : "minor")

/** Left out where there is nothing to say. */
const contentOf = (violation: Violation): { readonly body: string } | undefined => {
  const lines = helpLines(violation)
  return lines.length === 0 ? undefined : { body: lines.join("\n\n") }
}

/** GitLab's Code Quality report: a bare array; paths are relative to the repository. What is waived is no finding. */
export const codequality = (report: CheckReport): string => {
  const findings = numbered(report.violations).map(({ occurrence, violation }) => ({
    description: `${displayObject(violation)}: ${violation.message}${
      violation.enforcement === "audit" ? ` (${audited})` : ""
    }`,
    content: contentOf(violation),
    check_name: violation.policy,
    fingerprint: fingerprint(violation, occurrence),
    severity: severity(violation),
    location: { path: violation.source?.file ?? ".", lines: { begin: violation.source?.line ?? 1 } }
  }))
  const errors = report.errors.map(({ hint, message, reason, source }) => ({
    description: `${message} ${hint}`,
    check_name: reason,
    fingerprint: digest(reason, source?.file ?? "", message).slice("sha256:".length),
    severity: "blocker",
    location: { path: source?.file ?? ".", lines: { begin: source?.line ?? 1 } }
  }))
  return `${JSON.stringify([...findings, ...errors], null, 2)}\n`
}
