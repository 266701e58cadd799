import { at, type Json } from "../domain/Json.ts"
import type { Problem } from "./compileErrors.ts"
import type { Modules } from "./discover.ts"
import { originOf, type Source } from "./sources.ts"

/** Where a file imports that path; Rego's imports stand on lines of their own. */
const lineOf = (source: Source | undefined, path: string): number | undefined => {
  const lines = source === undefined ? [] : Buffer.from(source.content).toString("utf8").split("\n")
  const index = lines.findIndex((line) => line.trim().split(/\s+/u)[1] === path && line.trim().startsWith("import"))
  return index === -1 ? undefined : index + 1
}

const isBelow = (path: ReadonlyArray<string>, other: ReadonlyArray<string>): boolean =>
  other.every((part, index) => index >= path.length || path[index] === part)

/**
 * Imports of `data.…` that no policy and no data file provides. To OPA they are undefined, and rules built on them say
 * nothing: the gate would stand open.
 */
export const missing = (modules: Modules, known: ReadonlyArray<Source>, documents: string): ReadonlyArray<Problem> => {
  const data = JSON.parse(documents) as Json
  const isProvided = (path: ReadonlyArray<string>) =>
    path.length === 0 || path[0] === "parameters" || at(data, ...path) !== undefined ||
    modules.some((module) => isBelow(path, module.path))
  return modules.flatMap(({ file, imports }) =>
    imports.filter((path) => !isProvided(path)).map((path) => {
      const name = ["data", ...path].join(".")
      return {
        message:
          `imports ${name}, which no policy and no data file here provides: name its folder too, or mend the path`,
        origin: originOf(known, file, lineOf(known.find((source) => source.name === file), name))
      }
    })
  )
}
