import type { FieldPath } from "./fieldPaths.ts"
import { at, canonical, isJsonObject, type Json, type JsonObject } from "./Json.ts"
import type { Place } from "./jsonPointer.ts"

const fits = (item: Json, keys: JsonObject, mayLack: boolean): boolean =>
  Object.entries(keys).every(([name, wanted]) => {
    const found = at(item, name)
    return found === undefined ? mayLack : canonical(found) === canonical(wanted)
  })

/** The element that a segment names. One that lacks a key has its default, such as a port's protocol. */
const indexOf = (items: ReadonlyArray<Json>, segment: string): number => {
  const name = segment.slice(2)
  if (segment.startsWith("i:")) return Number(name)
  const wanted = JSON.parse(name) as Json
  if (segment.startsWith("v:")) return items.findIndex((item) => canonical(item) === canonical(wanted))
  if (!isJsonObject(wanted)) return -1
  const exact = items.findIndex((item) => fits(item, wanted, false))
  return exact >= 0 ? exact : items.findIndex((item) => fits(item, wanted, true))
}

/** Where an owned field stands in a document; undefined where the document has no such element of a list. */
export const placeOf = (document: Json, path: FieldPath): Place | undefined => {
  const place: Array<string> = []
  let value: Json | undefined = document
  for (const segment of path) {
    const index: number = segment.startsWith("f:")
      ? -1
      : Array.isArray(value)
      ? indexOf(value as ReadonlyArray<Json>, segment)
      : -1
    if (index < 0 && !segment.startsWith("f:")) return undefined
    const name = index < 0 ? segment.slice(2) : String(index)
    place.push(name)
    value = at(value, name)
  }
  return place
}

const isLeaf = (fields: JsonObject): boolean => Object.keys(fields).every((name) => name === ".")

/** An ownership without some fields; the same one if it holds none of them. */
export const lessFields = (
  fields: JsonObject,
  isGivenUp: (path: FieldPath) => boolean,
  path: FieldPath = []
): JsonObject => {
  const children = Object.entries(fields)
  const kept = children.flatMap(([name, child]): ReadonlyArray<[string, Json]> => {
    if (name === "." || !isJsonObject(child)) return [[name, child]]
    const below = [...path, name]
    const rest = isLeaf(child) ? child : lessFields(child, isGivenUp, below)
    // What has nothing in it any more would say that we own all of it.
    const isEmptied = rest !== child && Object.keys(rest).length === 0
    return isEmptied || isLeaf(rest) && isGivenUp(below) ? [] : [[name, rest]]
  })
  const isSame = kept.length === children.length && kept.every(([, child], index) => child === children[index]![1])
  return isSame ? fields : Object.fromEntries(kept)
}
