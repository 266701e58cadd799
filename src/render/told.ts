import type { Origin } from "../domain/Manifest.ts"
import { RenderFailed } from "../domain/StageError.ts"
import type { Refusal } from "./child.ts"
import type { Workspace } from "./workspace.ts"

const longest = 1_500

/** A program's own words, with every path as it is in the repository, never as it is in our folder. */
export const inRepositoryWords = (text: string, workspace: Workspace): string => {
  const root = workspace.tree.slice(0, -"/tree".length)
  const words = text
    .replaceAll(`${workspace.tree}/`, "")
    .replaceAll(workspace.tree, "the root of the repository")
    .replaceAll("../tree/", "")
    .replaceAll(`${workspace.generated}/`, "")
    .replaceAll(root, "")
    .replace(/^(Error|error): /u, "")
    .replace(/\s*Use --debug flag to render out invalid YAML\s*$/u, "")
    .trim()
  return words.length > longest ? `${words.slice(0, longest)}…` : words
}

/** The first file of the closure that a text names, with the line that it gives. */
export const placeIn = (text: string, files: ReadonlyMap<string, string>): Origin | undefined => {
  for (const [word, path, line, column] of text.matchAll(/([\w@+.-]+(?:\/[\w@+.-]+)*)(?::(\d+))?(?::(\d+))?/gu)) {
    if (word === undefined || path === undefined || !files.has(path)) continue
    return {
      file: path,
      ...line === undefined ? {} : { line: Number(line) },
      ...column === undefined ? {} : { column: Number(column) }
    }
  }
  return undefined
}

/** What a program's failure says to the author. */
export const failure = (
  program: string,
  error: Refusal | string,
  workspace: Workspace,
  files: ReadonlyMap<string, string>,
  repositoryPath: (word: string) => string = (word) => word
): RenderFailed => {
  if (typeof error === "string") {
    return new RenderFailed({ detail: `${program}: ${inRepositoryWords(error, workspace)}` })
  }
  const words = repositoryPath(inRepositoryWords(error.stderr, workspace)) || `exit code ${error.exitCode}`
  const origin = placeIn(words, files)
  return new RenderFailed({ detail: `${program}: ${words}`, ...origin === undefined ? {} : { origin } })
}
