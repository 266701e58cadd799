import type { JsonObject } from "../../domain/Json.ts"
import * as Document from "../Document.ts"
import type { Finding } from "../protocol.ts"
import type { Rule } from "../Rule.ts"
import type { About, Told } from "../verdict.ts"
import { inventoryOf } from "./inventory.ts"
import { type Matched, matches } from "./match.ts"
import type { Review } from "./review.ts"
import type { SyncKind } from "./syncKinds.ts"

interface Judging {
  readonly rules: ReadonlyArray<Rule>
}

/** A review for the gate: the constraints that are about it, and those of which that cannot be known. */
export interface Asked {
  /** Undefined if no constraint is about it. */
  readonly document: Document.Document | undefined
  readonly doubts: ReadonlyArray<Finding>
  /** The constraints that it is judged by: `<bundle>/<rule>`, both by index. */
  readonly rules: ReadonlyArray<string>
}

/** A constraint is about an operation if it is about the new object or the old one. */
const isAbout = ({ match = {} }: Rule, { candidates }: Review): Matched => {
  const all = candidates.map((candidate) => matches(match, candidate))
  return all.find((one) => one === "yes") ?? all.find((one) => one !== "no") ?? "no"
}

/** Whether any bundle has constraints. */
export const hasConstraints = (judging: ReadonlyArray<Judging>): boolean =>
  judging.some(({ rules }) => rules.some(({ judges }) => judges === "review"))

/**
 * Asks a review of the constraints that are about it; the matching is done here, not in the policies. Where the objects
 * are not all of the revision's, those are left out that need the others: a Namespace's labels, the inventory.
 */
export const ask = (judging: ReadonlyArray<Judging>, review: Review, areAll = true): Asked => {
  const doubts: Array<Finding> = []
  const wanted: Record<string, ReadonlyArray<string>> = {}
  for (const [bundle, { rules }] of judging.entries()) {
    wanted[bundle] = rules.flatMap((rule, index) => {
      const isAsked = rule.judges === "review" && (areAll || rule.inventory === undefined)
      const matched = isAsked ? isAbout(rule, review) : "no"
      if (typeof matched === "string") return matched === "yes" ? [String(index)] : []
      if (areAll) doubts.push({ bundle, rule: index, message: matched.unknown, isError: true })
      return []
    })
  }
  const rules = Object.entries(wanted).flatMap(([bundle, indices]) => indices.map((index) => `${bundle}/${index}`))
  return {
    document: rules.length === 0 ? undefined : Document.ofReview(review.request, wanted),
    doubts,
    rules: [...rules, ...doubts.map(({ bundle, rule }) => `${bundle}/${rule}`)]
  }
}

/** What the templates of each bundle look for among the objects; undefined for a bundle that looks for nothing. */
export const inventories = (
  judging: ReadonlyArray<Judging>,
  objects: ReadonlyArray<JsonObject>
): ReadonlyArray<JsonObject | undefined> =>
  judging.map(({ rules }) => {
    const wanted = rules.flatMap(({ inventory }) => inventory === undefined ? [] : [inventory])
    if (wanted.length === 0) return undefined
    const isAll = wanted.includes("all")
    const kinds = wanted.flatMap((one): ReadonlyArray<SyncKind> => one === "all" ? [] : one)
    return inventoryOf(objects, isAll ? "all" : kinds)
  })

/** What was found in reviews, each with its subject. A constraint that had nothing to say passed. */
export const toldOfReviews = <A>(
  judged: ReadonlyArray<{
    readonly subject: A
    readonly rules: ReadonlyArray<string>
    readonly findings: ReadonlyArray<Finding>
  }>,
  about: (subject: A, finding: Finding) => About
): {
  readonly told: ReadonlyArray<Told>
  readonly passed: number
  /** How many reviews each constraint was asked about, by `<bundle>/<rule>`. */
  readonly asked: ReadonlyMap<string, number>
} => {
  const told: Array<Told> = []
  const asked = new Map<string, number>()
  let passed = 0
  for (const { findings, rules, subject } of judged) {
    for (const rule of rules) asked.set(rule, (asked.get(rule) ?? 0) + 1)
    for (const finding of findings) told.push({ finding, about: about(subject, finding) })
    if (findings.some(({ rule }) => rule === undefined)) continue
    passed += rules.length - new Set(findings.map(({ bundle, rule }) => `${bundle}/${rule}`)).size
  }
  return { told, passed, asked }
}
