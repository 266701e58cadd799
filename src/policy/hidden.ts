import { at, isJsonObject, type Json } from "../domain/Json.ts"
import type { Problem } from "./compileErrors.ts"
import type { Modules } from "./discover.ts"
import { isReserved } from "./entrypoint.ts"
import { originOf, type Source } from "./sources.ts"

/** The place where a document stands in the way of a rule: at its path, or above it as something that is no object. */
const clash = (data: Json, path: ReadonlyArray<string>): string | undefined => {
  for (const length of path.keys()) {
    const value = at(data, ...path.slice(0, length + 1))
    if (value === undefined) return undefined
    if (length === path.length - 1 || !isJsonObject(value)) return ["data", ...path.slice(0, length + 1)].join(".")
  }
  return undefined
}

/**
 * Rules that a data file defines as well (OPA's wasm takes one of the two in silence), and documents that Sluice gives:
 * `sluice`, and `inventory` where templates read it.
 */
export const hidden = (
  modules: Modules,
  known: ReadonlyArray<Source>,
  documents: string,
  readsInventory: boolean
): ReadonlyArray<Problem> => {
  const data = JSON.parse(documents) as Json
  const needed = (name: string) => isReserved([name]) || readsInventory && name === "inventory"
  const own = (isJsonObject(data) ? Object.keys(data) : []).filter(needed).map((name): Problem => ({
    message: `a data file holds a document \`${name}\`, a name that Sluice needs`
  }))
  const clashes = modules.flatMap(({ file, path, rules }): ReadonlyArray<Problem> => {
    const place = rules.map(({ name }) => clash(data, [...path, name])).find((found) => found !== undefined)
    if (place === undefined) return []
    return [{ message: `conflict: a data file defines ${place} as well`, origin: originOf(known, file) }]
  })
  return [...own, ...clashes]
}
