import { isMap, isScalar, isSeq, type Node } from "yaml"
import { compose, type Parsed, placeOf } from "./readYaml.ts"

/** The node at a path of a document, and the offset of its key (or its own, in a list); undefined if it is not there. */
export const nodeIn = (
  document: Parsed["node"],
  path: ReadonlyArray<PropertyKey>
): { readonly node: Node | null | undefined; readonly offset: number } | undefined => {
  let node: unknown = document.contents
  let offset = document.contents?.range?.[0] ?? -1
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
  return { node: node as Node | null | undefined, offset }
}

/** Where a field is written in a text of one document, 1-based; undefined if it is not written there. */
export const locateIn = (
  text: string,
  path: ReadonlyArray<string | number>
): { readonly line: number; readonly column: number } | undefined => {
  try {
    const documents = compose(text).filter((candidate) => candidate.contents !== null)
    if (documents.length !== 1 || path.length === 0) return undefined
    const found = nodeIn(documents[0]!, path)
    return found === undefined || found.offset === -1 ? undefined : placeOf(text, found.offset)
  } catch {
    // what cannot be parsed has no fields
    return undefined
  }
}
