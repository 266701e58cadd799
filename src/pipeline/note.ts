import { type Changeset, type Counts, counts } from "../domain/Changeset.ts"
import type { Summary } from "../domain/Decision.ts"
import type { Rendered } from "../domain/Manifest.ts"

const several = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`

/** What each stage says of its result, in one line for people. */
export const rendered = ({ manifests }: Rendered): string => several(manifests.length, "object")

export const decision = ({ summary }: { readonly summary: Summary }): string =>
  [
    `${summary.passed} passed`,
    ...summary.warned === 0 ? [] : [several(summary.warned, "warning")],
    ...summary.denied === 0 ? [] : [`${summary.denied} denied`]
  ].join(", ")

export const told = (changes: Counts): string => {
  const words = Object.entries(changes).filter(([, count]) => count > 0).map(([word, count]) => `${count} ${word}`)
  return words.length === 0 ? "nothing to do" : words.join(", ")
}

export const changeset = (changes: Changeset): string => told(counts(changes.changes))
