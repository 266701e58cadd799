import type { Finding } from "../protocol.ts"

interface ReviewText {
  readonly review: unknown
  readonly constraints: Readonly<Record<string, ReadonlyArray<string>>>
}

/**
 * What the constraints of a bundle find in a review. Where an error kept them from an answer each is asked alone: one
 * broken template neither silences the others nor is blamed on them.
 */
export const reviewed = (
  document: Uint8Array,
  bundle: number,
  judge: (document: Uint8Array) => ReadonlyArray<Finding>
): ReadonlyArray<Finding> => {
  const findings = judge(document)
  if (findings.every(({ rule }) => rule !== undefined)) return findings
  const { constraints, review } = JSON.parse(Buffer.from(document).toString("utf8")) as ReviewText
  const asked = constraints[bundle] ?? []
  if (asked.length === 0) return findings
  return asked.flatMap((index) => {
    const one: ReviewText = { review, constraints: { [bundle]: [index] } }
    return judge(Buffer.from(JSON.stringify(one))).map((finding) =>
      finding.rule === undefined ? Object.assign({}, finding, { rule: Number(index) }) : finding
    )
  })
}
