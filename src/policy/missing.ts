import { at, type Json } from "../domain/Json.ts"
import type { Problem } from "./compileErrors.ts"
import type { Modules } from "./discover.ts"
import { type Token, tokensOf } from "./regoTokens.ts"
import { originOf, type Source } from "./sources.ts"

/** Where a file imports that path; Rego's imports stand on lines of their own. */
const lineOf = (source: Source | undefined, path: string): number | undefined => {
  const lines = source === undefined ? [] : Buffer.from(source.content).toString("utf8").split("\n")
  const index = lines.findIndex((line) => line.trim().split(/\s+/u)[1] === path && line.trim().startsWith("import"))
  return index === -1 ? undefined : index + 1
}

const isBelow = (path: ReadonlyArray<string>, other: ReadonlyArray<string>): boolean =>
  other.every((part, index) => index >= path.length || path[index] === part)

/** Where a text reads `data.conftest` without an import. */
const conftestRead = (text: string): Token | undefined => {
  const tokens = tokensOf(text)
  return tokens.find(({ kind, value }, index) => {
    const [mark, name] = tokens.slice(index + 1, index + 3)
    const isData = kind === "name" && value === "data" && tokens[index - 1]?.value !== "." &&
      tokens[index - 1]?.value !== "import"
    return isData && (mark?.value === "." || mark?.value === "[") && name?.value === "conftest"
  })
}

const noFile = "reads data.conftest, which is not provided here: an object is judged by what is in it, not by its file"

/**
 * Imports of `data.…` that no policy and no data file provides, and `data.conftest.file`. To OPA they are undefined, and rules built on them say
 * nothing: the gate would stand open.
 */
export const missing = (modules: Modules, known: ReadonlyArray<Source>, documents: string): ReadonlyArray<Problem> => {
  const data = JSON.parse(documents) as Json
  const isProvided = (path: ReadonlyArray<string>) =>
    path.length === 0 || path[0] === "parameters" || at(data, ...path) !== undefined ||
    modules.some((module) => isBelow(path, module.path))
  const read = known.flatMap((source): ReadonlyArray<Problem> => {
    const place = at(data, "conftest") === undefined
      ? conftestRead(Buffer.from(source.content).toString("utf8"))
      : undefined
    return place === undefined ? [] : [{ message: noFile, origin: originOf(known, source.name, place.line) }]
  })
  const imported = modules.flatMap(({ file, imports }) =>
    imports.filter((path) => !isProvided(path)).map((path) => {
      const name = ["data", ...path].join(".")
      return {
        message:
          `imports ${name}, which no policy and no data file here provides: name its folder too, or mend the path`,
        origin: originOf(known, file, lineOf(known.find((source) => source.name === file), name))
      }
    })
  )
  return [...imported, ...read]
}
