import type { Bundle, PolicySet, Summary, Verdict, Violation, Waived } from "./Decision.ts"
import { digest } from "./digest.ts"
import { canonical } from "./Json.ts"

/** The two passes of the gate: every rendered object, and what would change. */
export type Pass = "objects" | "changeset"

/** What one rule said in one decision, counted over all documents that it judged. */
export interface RuleCount {
  readonly bundle: string
  /** The policy's id. */
  readonly policy: string
  readonly passed: number
  readonly warned: number
  readonly denied: number
  readonly waived: number
}

/** What a decision was made on. */
export interface Evidence {
  /** Digest of all that the policies were shown, as they were shown it: values of Secrets are HMACs. */
  readonly input: string
  /** How many documents were judged for this decision; what was said of the others is remembered. */
  readonly judged: number
  /** How long that took, with the wait for a thread. */
  readonly nanoseconds: number
  readonly rules: ReadonlyArray<RuleCount>
}

/** One decision of the gate, as it is recorded: what was judged by what, and what came of it. */
export interface DecisionRecord {
  readonly pass: Pass
  /** Of pass, input, policies and result: the same for who decides the same again. */
  readonly id: string
  /** Digest of the set of policies. */
  readonly policies: string
  readonly bundles: ReadonlyArray<Pick<Bundle, "name" | "digest" | "origin">>
  readonly evidence: Evidence
  readonly verdict: "passed" | "denied"
  readonly summary: Summary
  readonly violations: ReadonlyArray<Violation>
  readonly waived: ReadonlyArray<Waived>
}

/** Nothing is known of how it came about. */
const unknown: Evidence = { input: "", judged: 0, nanoseconds: 0, rules: [] }

/** A verdict of one pass by a set, as it is recorded. */
export const recordOf = (
  pass: Pass,
  set: PolicySet,
  { _tag, evidence = unknown, summary, violations, waived }: Verdict & { readonly _tag: "Passed" | "Denied" }
): DecisionRecord => {
  const said = [...violations, ...waived].flatMap(({ message, object, package: from, policy, rule, severity }) => [
    from,
    policy,
    rule,
    severity,
    object.apiVersion,
    object.kind,
    object.namespace ?? "",
    object.name,
    message
  ])
  return {
    pass,
    id: digest(pass, evidence.input, set.digest, _tag, canonical(summary), said.join("\0")),
    policies: set.digest,
    bundles: set.bundles.map(({ digest, name, origin }) => ({ name, digest, origin })),
    evidence,
    verdict: _tag === "Denied" ? "denied" : "passed",
    summary,
    violations,
    waived
  }
}
