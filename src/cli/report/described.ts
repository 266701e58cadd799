import type { Summary, Violation, Waiver } from "../../domain/Decision.ts"
import { display, groupOf } from "../../domain/ObjectRef.ts"

/** `Deployment/shop/checkout`. */
export const displayObject = ({ object }: Violation): string =>
  display({ group: groupOf(object.apiVersion), namespace: "", ...object })

/** `waived by dana until 2026-12-31T00:00:00Z: INC-42`. */
export const displayWaiver = ({ owner, reason, until }: Waiver): string =>
  `waived by ${owner}${until === undefined ? "" : ` until ${until}`}: ${reason}`

/** What is said of a finding that would be a denial, were its policies not audited only. */
export const audited = "audited only: it would be denied"

/** What would help, and where more is said. */
export const helpLines = ({ remedy, url }: Violation): ReadonlyArray<string> => [
  ...remedy === undefined ? [] : [`remedy: ${remedy}`],
  ...url === undefined ? [] : [`see: ${url}`]
]

/** What tells one finding from another over time: policy, object and file, never the line. */
export const identity = (violation: Violation): ReadonlyArray<string> => [
  violation.package,
  violation.policy,
  violation.rule,
  violation.object.apiVersion,
  displayObject(violation),
  violation.source?.file ?? ""
]

const several = (count: number, word: string) => `${count} ${word}${count === 1 ? "" : "s"}`

/** `40 passed, 1 warning, 2 denied, 0 waived; 12 objects`. */
export const displaySummary = (summary: Summary): string =>
  [
    `${summary.passed} passed`,
    several(summary.warned, "warning"),
    `${summary.denied} denied`,
    `${summary.waived} waived`
  ].join(", ") + `; ${several(summary.objects, "object")}`

/** Findings that would look the same get a number, so that none hides behind another. */
export const numbered = <A extends Violation>(
  violations: ReadonlyArray<A>
): ReadonlyArray<{ readonly violation: A; readonly occurrence: number }> => {
  const seen = new Map<string, number>()
  return violations.map((violation) => {
    const key = JSON.stringify(identity(violation))
    const occurrence = (seen.get(key) ?? 0) + 1
    seen.set(key, occurrence)
    return { violation, occurrence }
  })
}
