import type { Summary, Violation } from "../../domain/Decision.ts"
import { display, groupOf } from "../../domain/ObjectRef.ts"

/** `Deployment/shop/checkout`. */
export const displayObject = ({ object }: Violation): string =>
  display({ group: groupOf(object.apiVersion), namespace: "", ...object })

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
export const numbered = (
  violations: ReadonlyArray<Violation>
): ReadonlyArray<{ readonly violation: Violation; readonly occurrence: number }> => {
  const seen = new Map<string, number>()
  return violations.map((violation) => {
    const key = JSON.stringify(identity(violation))
    const occurrence = (seen.get(key) ?? 0) + 1
    seen.set(key, occurrence)
    return { violation, occurrence }
  })
}
