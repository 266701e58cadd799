import type { Violation } from "../../domain/Decision.ts"
import type { Origin } from "../../domain/Manifest.ts"
import type { CheckReport } from "../CheckReport.ts"
import { displayObject, numbered } from "./described.ts"
import { fingerprint } from "./fingerprint.ts"

const location = ({ column, file, line }: Origin) => ({
  physicalLocation: {
    artifactLocation: { uri: file.split("/").map(encodeURIComponent).join("/"), uriBaseId: "%SRCROOT%" },
    ...line === undefined
      ? {}
      : { region: { startLine: line, ...column === undefined ? {} : { startColumn: column } } }
  }
})

const rule = ({ policy, remedy, title, url }: Violation) => ({
  id: policy,
  shortDescription: { text: title ?? policy },
  ...url === undefined ? {} : { helpUri: url },
  ...remedy === undefined ? {} : { help: { text: remedy } }
})

/** SARIF 2.1.0: the policies' own ids as rules, findings only, and what could not be judged as notifications. */
export const sarif = (report: CheckReport): string => {
  const rules = [...new Map(report.violations.map((violation) => [violation.policy, rule(violation)])).values()]
  const results = numbered(report.violations).map(({ occurrence, violation }) => ({
    ruleId: violation.policy,
    ruleIndex: rules.findIndex(({ id }) => id === violation.policy),
    level: violation.severity === "deny" ? "error" : "warning",
    message: { text: `${displayObject(violation)}: ${violation.message}` },
    locations: violation.source === undefined ? [] : [location(violation.source)],
    partialFingerprints: { "sluice/v1": fingerprint(violation, occurrence) }
  }))
  const notifications = report.errors.map(({ hint, message, reason, source }) => ({
    level: "error",
    message: { text: `${message} ${hint}` },
    descriptor: { id: reason },
    ...source === undefined ? {} : { locations: [location(source)] }
  }))
  const run = {
    tool: { driver: { name: "sluice", rules } },
    invocations: [{
      executionSuccessful: report.verdict !== "error",
      toolExecutionNotifications: notifications
    }],
    results
  }
  const log = { $schema: "https://json.schemastore.org/sarif-2.1.0.json", version: "2.1.0", runs: [run] }
  return `${JSON.stringify(log, null, 2)}\n`
}
