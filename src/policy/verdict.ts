import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Bundle, Summary, Verdict, Violation, Waived, Waiver } from "../domain/Decision.ts"
import type { Origin } from "../domain/Manifest.ts"
import { toldOnce } from "./previousSet.ts"
import type { Finding } from "./protocol.ts"
import type { Rule, Subject } from "./Rule.ts"
import { type Source, withPaths } from "./sources.ts"
import { waive } from "./waivers.ts"

/** A bundle of the set, and what compiling it found. */
export interface Judging {
  readonly bundle: Bundle
  readonly rules: ReadonlyArray<Rule>
  readonly names: ReadonlyArray<Pick<Source, "hasLines" | "name" | "path">>
  /** The waivers of the repository that is judged, whoever's bundle this is. */
  readonly ofRepository: ReadonlyArray<Waiver>
}

/** What a finding is about, and where that is written. */
export interface About {
  /** As people read it. */
  readonly name: string
  readonly object: Violation["object"]
  readonly place: Effect.Effect<Origin | undefined>
}

/** A finding, and what it is about. */
export interface Told {
  readonly finding: Finding
  readonly about: About
}

/** The rule that an error belongs to: the one that was asked, else the first of the file that OPA names. */
const ruleOf = (judging: Judging, finding: Finding, message: string): Rule | undefined =>
  finding.rule === undefined
    ? judging.rules.find(({ files }) => files.some((file) => message.startsWith(`${file}:`)))
    : judging.rules[finding.rule]

const notesOf = ({ impact, places: [place], remedy, title, url }: Rule) => ({
  ...place === undefined ? {} : { ruleSource: { file: place.file, line: place.line } },
  ...title === undefined ? {} : { title },
  ...impact === undefined ? {} : { impact },
  ...remedy === undefined ? {} : { remedy },
  ...url === undefined ? {} : { url }
})

/** What would help where a rule could not judge: the policy's own remedy is about what it never found. */
const errorRemedy = ({ name, origin }: Bundle, { places: [place], policy }: Rule): string => {
  const where = place === undefined ? `policy ${policy}` : `the rule at ${place.file}:${place.line}`
  return origin === "bundle"
    ? `Who owns PolicyBundle ${name} has to mend ${where}.`
    : `Mend ${where}; sluice check --trace ${policy} shows how it is evaluated.`
}

/** A message without a letter says nothing: the title does, where there is one. */
const messageOf = (message: string, rule: Rule | undefined): string =>
  message.trim() === "" ? rule?.title ?? "the policy gives no reason" : message

const violationOf = Effect.fnUntraced(function*(judging: Judging, { about, finding }: Told, isEnforced: boolean) {
  const { bundle, names } = judging
  const message = finding.isError === true ? withPaths(names, finding.message) : finding.message
  const rule = ruleOf(judging, finding, message)
  const severity = finding.isError === true ? "deny" : rule?.severity ?? "deny"
  // What an audited bundle keeps from being judged to the end, no enforced one has let through.
  const isUnjudged = finding.isAbandoned === true && isEnforced
  // An error that belongs to no rule for certain is nobody's dry run.
  const isDryRun = bundle.enforcement === "audit" || finding.rule !== undefined && rule?.isAudited === true
  const isAudited = isDryRun && !isUnjudged
  const place = yield* about.place
  const violation: Violation = {
    policy: rule?.policy ?? bundle.name,
    package: rule?.package ?? "",
    rule: finding.isError === true ? "error" : rule?.name ?? "error",
    severity: isAudited ? "warn" : severity,
    ...isAudited && severity === "deny" ? { enforcement: "audit" as const } : {},
    ...rule === undefined ? {} : notesOf(rule),
    ...rule !== undefined && finding.isError === true ? { remedy: errorRemedy(bundle, rule) } : {},
    message: finding.isError === true
      ? `policy ${rule?.policy ?? bundle.name} could not judge ${about.name}: ${message}`
      : messageOf(message, rule),
    object: about.object,
    ...place === undefined ? {} : { source: place },
    bundle: { name: bundle.name, digest: bundle.digest }
  }
  return violation
})

/** conftest's `exception` as a waiver: it has no end, and the rule that grants it is where it is written. */
const exceptionOf = (
  { bundle, rules }: Judging,
  { isExcepted, rule }: Finding,
  { object: { kind, name, namespace }, policy }: Violation
): Waiver | undefined => {
  const exception = isExcepted === true && rule !== undefined ? rules[rule]?.exception : undefined
  if (exception === undefined) return undefined
  return {
    policy,
    objects: [{ kind, ...namespace === undefined ? {} : { namespace }, name }],
    reason: exception.reason ?? `an exception rule in ${exception.where.file} says so`,
    owner: exception.owner ?? bundle.name,
    where: exception.where
  }
}

const order = ({ message, object, policy }: Violation): string =>
  [policy, object.kind, object.namespace ?? "", object.name, object.apiVersion, message].join("\0")

const sorted = <A extends Violation>(violations: ReadonlyArray<A>): ReadonlyArray<A> =>
  violations
    .map((violation) => ({ violation, key: order(violation) }))
    .sort((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
    .map(({ violation }) => violation)

/** The rules for such documents that had nothing to say about one. */
export const passedBy = (
  judging: ReadonlyArray<Judging>,
  judges: Subject,
  findings: ReadonlyArray<Finding>
): number => {
  const rules = judging.reduce((sum, { rules }) => sum + rules.filter((rule) => rule.judges === judges).length, 0)
  return findings.some(({ rule }) => rule === undefined)
    ? 0
    : rules - new Set(findings.map(({ bundle, rule }) => `${bundle}/${rule}`)).size
}

/** Only what a rule found can be waived: what could not be judged is denied. */
const isWaivable = ({ enforcement, rule, severity }: Violation): boolean =>
  rule !== "error" && (severity === "deny" || enforcement === "audit")

/** Findings that are placed at once. */
const breath = 50

/**
 * Findings to what is said of them: any denial of an enforced bundle that nobody waives denies the whole revision. `at`:
 * milliseconds since the epoch, by which waivers end; now, unless given.
 */
export const verdict = Effect.fnUntraced(function*(
  judging: ReadonlyArray<Judging>,
  told: ReadonlyArray<Told>,
  counts: Pick<Summary, "objects" | "passed">,
  at?: number
) {
  const found: Array<{ readonly origin: Bundle["origin"]; readonly violation: Violation }> = []
  const waived: Array<Waived> = []
  const now = at ?? (yield* Clock.currentTimeMillis)
  const isEnforced = judging.some(({ bundle }) => bundle.enforcement === "enforce")
  for (const [index, one] of told.entries()) {
    // Each is looked for in its object: of thousands others go on between.
    if (index % breath === breath - 1) yield* Effect.yieldNow
    const by = judging[one.finding.bundle]!
    const { origin } = by.bundle
    const violation = yield* violationOf(by, one, isEnforced)
    const exception = exceptionOf(by, one.finding, violation)
    const judged = exception !== undefined
      ? { waived: { ...violation, waiver: exception } }
      : isWaivable(violation)
      ? waive(violation, by.bundle, by.ofRepository, now)
      : { violation }
    if (!("waived" in judged)) found.push({ origin, violation: judged.violation })
    // What the policies of before waive as well is told once.
    else if (origin !== "previous") waived.push(judged.waived)
  }
  const violations = toldOnce(found)
  const denied = violations.filter(({ severity }) => severity === "deny").length
  const summary: Summary = { ...counts, warned: violations.length - denied, denied, waived: waived.length }
  return { violations: sorted(violations), waived: sorted(waived), summary } satisfies Verdict
})
