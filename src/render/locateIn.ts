import { isMap, isScalar, isSeq } from "yaml"
import { compose, placeOf } from "./readYaml.ts"

/** Where a field is written in a text of one document, 1-based; undefined if it is not written there. */
export const locateIn = (
  text: string,
  path: ReadonlyArray<string | number>
): { readonly line: number; readonly column: number } | undefined => {
  try {
    const documents = compose(text).filter((candidate) => candidate.contents !== null)
    if (documents.length !== 1) return undefined
    let node: unknown = documents[0]!.contents
    let offset = -1
    for (const step of path) {
      if (isMap(node)) {
        const pair = node.items.find((candidate) =>
          isScalar(candidate.key) && String(candidate.key.value) === String(step)
        )
        if (pair === undefined || !isScalar(pair.key)) return undefined
        offset = pair.key.range?.[0] ?? -1
        node = pair.value
      } else if (isSeq(node) && typeof step === "number") {
        const item: unknown = node.items[step]
        if (!isMap(item) && !isScalar(item) && !isSeq(item)) return undefined
        offset = item.range?.[0] ?? -1
        node = item
      } else return undefined
    }
    return offset === -1 ? undefined : placeOf(text, offset)
  } catch {
    // what cannot be parsed has no fields
    return undefined
  }
}
