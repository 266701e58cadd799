import type { Violation } from "../../domain/Decision.ts"
import type { Origin } from "../../domain/Manifest.ts"
import type { CheckReport } from "../CheckReport.ts"
import { displayObject, displayWaiver, numbered } from "./described.ts"
import { fingerprint } from "./fingerprint.ts"

const location = ({ column, file, line }: Origin) => ({
  physicalLocation: {
    artifactLocation: { uri: file.split("/").map(encodeURIComponent).join("/"), uriBaseId: "%SRCROOT%" },
    ...line === undefined
      ? {}
      : { region: { startLine: line, ...column === undefined ? {} : { startColumn: column } } }
  }
})

const rule = ({ impact, policy, remedy, title, url }: Violation) => ({
  id: policy,
  shortDescription: { text: title ?? policy },
  ...url === undefined ? {} : { helpUri: url },
  ...remedy === undefined ? {} : { help: { text: remedy } },
  ...impact === undefined ? {} : { properties: { severity: impact } }
})

const levelOf = ({ enforcement, severity }: Violation): "error" | "warning" | "note" =>
  severity === "deny" ? "error" : enforcement === "audit" ? "note" : "warning"

/** Where the rule stands: a place of this repository only if the policies are its own. */
const relatedOf = ({ bundle, ruleSource }: Violation): ReadonlyArray<object> | undefined =>
  ruleSource === undefined || bundle.name !== "repository"
    ? undefined
    : [{ ...location(ruleSource), message: { text: "the rule" } }]

/** SARIF 2.1.0: the policies' own ids as rules, findings only (what is waived is suppressed), and what could not be judged as notifications. */
export const sarif = (report: CheckReport): string => {
  const waived = report.waived ?? []
  const found = [...report.violations, ...waived]
  const rules = [...new Map(found.map((violation) => [violation.policy, rule(violation)])).values()]
  const suppressions = new Map<Violation, object>(
    waived.map((one) => [one, [{ kind: "external", status: "accepted", justification: displayWaiver(one.waiver) }]])
  )
  const results = numbered(found).map(({ occurrence, violation }) => ({
    ruleId: violation.policy,
    ruleIndex: rules.findIndex(({ id }) => id === violation.policy),
    level: levelOf(violation),
    message: { text: `${displayObject(violation)}: ${violation.message}` },
    locations: violation.source === undefined ? [] : [location(violation.source)],
    relatedLocations: relatedOf(violation),
    partialFingerprints: { "sluice/v1": fingerprint(violation, occurrence) },
    suppressions: suppressions.get(violation)
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
