import { nearest } from "../domain/nearest.ts"

/** `did you mean "branch"?`, or all the names that are known here. */
export const suggestion = (word: string, known: ReadonlyArray<string>): string => {
  const near = nearest(word, known)
  if (near !== undefined) return `Did you mean ${JSON.stringify(near)}?`
  return known.length === 0 ? "Nothing may stand here." : `Known here: ${[...known].sort().join(", ")}.`
}
