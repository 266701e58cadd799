import * as Effect from "effect/Effect"
import { Decision, type PolicySet, type Summary, type Violation } from "../domain/Decision.ts"
import type { Manifest, Origin, Rendered } from "../domain/Manifest.ts"
import { display } from "../domain/ObjectRef.ts"
import { admit } from "./admit.ts"
import type { Finding } from "./protocol.ts"
import type { Rule } from "./Rule.ts"
import { withPaths } from "./sources.ts"
import { violationPath } from "./violationPath.ts"

/** A bundle of the set, and what compiling it found. */
export interface Judging {
  readonly bundle: PolicySet["bundles"][number]
  readonly rules: ReadonlyArray<Rule>
  readonly names: ReadonlyArray<{ readonly name: string; readonly path: string }>
}

const originOf = (rendered: Rendered, manifest: Manifest, finding: Finding): Effect.Effect<Origin> => {
  if (finding.location !== undefined) return Effect.succeed(finding.location)
  const path = violationPath(manifest.object, finding.path)
  return path === undefined ? Effect.succeed(manifest.origin) : rendered.locate(manifest, path)
}

/** The rule that an error belongs to: the one that was asked, else the first of the file that OPA names. */
const ruleOf = (judging: Judging, finding: Finding, message: string): Rule | undefined =>
  finding.rule === undefined
    ? judging.rules.find(({ files }) => files.some((file) => message.startsWith(`${file}:`)))
    : judging.rules[finding.rule]

const violationOf = Effect.fnUntraced(function*(
  judging: Judging,
  rendered: Rendered,
  manifest: Manifest,
  finding: Finding
) {
  const { bundle, names } = judging
  const message = finding.isError === true ? withPaths(names, finding.message) : finding.message
  const rule = ruleOf(judging, finding, message)
  const notes = rule === undefined ? {} : {
    ...rule.title === undefined ? {} : { title: rule.title },
    ...rule.impact === undefined ? {} : { impact: rule.impact },
    ...rule.remedy === undefined ? {} : { remedy: rule.remedy },
    ...rule.url === undefined ? {} : { url: rule.url }
  }
  const severity = finding.isError === true ? "deny" : rule?.severity ?? "deny"
  const { name, namespace } = manifest.ref
  const violation: Violation = {
    policy: rule?.policy ?? bundle.name,
    package: rule?.package ?? "",
    rule: finding.isError === true ? "error" : rule?.name ?? "error",
    severity: bundle.enforcement === "audit" ? "warn" : severity,
    ...bundle.enforcement === "audit" && severity === "deny" ? { enforcement: "audit" as const } : {},
    ...notes,
    message: finding.isError === true
      ? `policy ${rule?.policy ?? bundle.name} could not judge ${display(manifest.ref)}: ${message}`
      : message,
    object: {
      apiVersion: manifest.apiVersion,
      kind: manifest.ref.kind,
      ...namespace === "" ? {} : { namespace },
      name
    },
    source: yield* originOf(rendered, manifest, finding),
    bundle: { name: bundle.name, digest: bundle.digest }
  }
  return violation
})

const order = ({ message, object, policy }: Violation): string =>
  [policy, object.kind, object.namespace ?? "", object.name, object.apiVersion, message].join("\0")

const sorted = (violations: ReadonlyArray<Violation>): ReadonlyArray<Violation> =>
  violations
    .map((violation) => ({ violation, key: order(violation) }))
    .sort((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
    .map(({ violation }) => violation)

/** The rules that had nothing to say about an object. */
const passedBy = (judging: ReadonlyArray<Judging>, findings: ReadonlyArray<Finding>): number => {
  const rules = judging.reduce((sum, { rules: { length } }) => sum + length, 0)
  return findings.some(({ rule }) => rule === undefined)
    ? 0
    : rules - new Set(findings.map(({ bundle, rule }) => `${bundle}/${rule}`)).size
}

const notJudged: Finding = { bundle: 0, message: "it was not judged", isError: true }

/** Findings by manifest to the verdict: any denial of an enforced bundle denies the whole revision. */
export const decide = Effect.fnUntraced(function*(
  judging: ReadonlyArray<Judging>,
  rendered: Rendered,
  findings: ReadonlyMap<Manifest, ReadonlyArray<Finding>>
) {
  const violations: Array<Violation> = []
  let passed = 0
  for (const manifest of rendered.manifests) {
    const found = judging.length === 0 ? [] : findings.get(manifest) ?? [notJudged]
    passed += passedBy(judging, found)
    for (const finding of found) {
      violations.push(yield* violationOf(judging[finding.bundle]!, rendered, manifest, finding))
    }
  }
  const denied = violations.filter(({ severity }) => severity === "deny").length
  const warned = violations.length - denied
  const summary: Summary = { objects: rendered.manifests.length, passed, warned, denied, waived: 0 }
  const told = { violations: sorted(violations), summary }
  return denied > 0
    ? Decision.Denied<ReadonlyArray<Manifest>>(told)
    : Decision.Passed<ReadonlyArray<Manifest>>({ admitted: admit(rendered.manifests), ...told })
})
