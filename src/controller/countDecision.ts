import * as Effect from "effect/Effect"
import type { DecisionRecord } from "../domain/DecisionRecord.ts"
import { oneLine } from "../domain/plainText.ts"
import { count, observe } from "../telemetry/Meter.ts"
import { policyDecisions, policyDuration, policyResults } from "../telemetry/metrics.ts"

/** Policies with a series of their own. Repositories write what they like: beyond this many, all of theirs are `other`. */
const most = { repository: 200, bundle: 2_000 }
export const other = "other"

/** Names that have their series, for as long as the process. */
const named = { repository: new Set<string>(), bundle: new Set<string>() }

const results = ["passed", "warned", "denied", "waived"] as const

/** The label for a policy; `origin` says who can make up names. */
const labelOf = (origin: "repository" | "bundle", bundle: string, policy: string): string => {
  const label = oneLine(policy, 100)
  const known = named[origin]
  const key = `${bundle}/${label}`
  if (!known.has(key) && known.size >= most[origin]) return other
  known.add(key)
  return label
}

/** Counts what each rule said in a decision. */
export const countDecision = Effect.fnUntraced(function*({ bundles, evidence, pass, verdict }: DecisionRecord) {
  yield* count(policyDecisions, { pass, verdict })
  yield* observe(policyDuration, { pass }, evidence.nanoseconds / 1e9)
  for (const { bundle, policy, ...counts } of evidence.rules) {
    const isPlatform = bundles.some(({ name, origin }) => name === bundle && origin === "bundle")
    const rule = labelOf(isPlatform ? "bundle" : "repository", bundle, policy)
    for (const result of results) {
      if (counts[result] === 0) continue
      yield* count(policyResults, { bundle, rule, result }, counts[result])
    }
  }
})
