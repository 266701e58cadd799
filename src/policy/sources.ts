import { isJsonObject } from "../domain/Json.ts"
import type { Origin } from "../domain/Manifest.ts"

/** A file of a policy set under a name of our own: what OPA is given never holds a character that the author chose. */
export interface Source {
  readonly name: string
  readonly path: string
  readonly content: Uint8Array
  /** Rego's version; v1, unless given. */
  readonly version?: "v0" | "v1"
  /** False if its lines are not those of the file. */
  readonly hasLines?: boolean
}

type File = Pick<Source, "content" | "path">

const numbered = (letter: string, extension: string) => <F extends File>(file: F, index: number): F & Source => ({
  ...file,
  name: `${letter}${String(index).padStart(4, "0")}.${extension}`
})

/** Modules of ConstraintTemplates under names of their own. */
export const templateSources = (
  modules: ReadonlyArray<{ readonly text: string } & Omit<Source, "content" | "name">>
): ReadonlyArray<Source> =>
  modules.map(({ text, ...module }) => ({ ...module, content: Buffer.from(text) })).map(numbered("t", "rego"))

/** Manifests and JSON Schemas. Judged at the top of the document: data may well hold lists of kinds further down. */
const isNoData = (path: string, text: string): boolean => {
  if (!path.endsWith(".json")) return /^apiVersion\s*:/m.test(text) && /^kind\s*:/m.test(text)
  try {
    const document: unknown = JSON.parse(text)
    if (!isJsonObject(document)) return false
    const { $schema, apiVersion, kind } = document
    return typeof apiVersion === "string" && typeof kind === "string" ||
      typeof $schema === "string" && /^https?:\/\/json-schema\.org\//u.test($schema)
  } catch {
    return false
  }
}

interface Sources {
  readonly policies: ReadonlyArray<Source>
  readonly data: ReadonlyArray<Source>
}

/**
 * Sorts files into Rego and data. Tests are left out, and so are Kubernetes manifests (`apiVersion` and `kind`), which
 * stand beside policies as samples, and JSON Schemas, which type them.
 */
export const sources = (files: ReadonlyArray<File>, versionOf: (path: string) => "v0" | "v1"): Sources => {
  const sorted = [...files].sort((a, b) => a.path < b.path ? -1 : 1)
  const withEnding = (...endings: ReadonlyArray<string>) =>
    sorted.filter(({ path }) => endings.some((ending) => path.endsWith(ending)))
  const isData = ({ content, path }: File) => !isNoData(path, Buffer.from(content).toString("utf8"))
  return {
    policies: withEnding(".rego").filter(({ path }) => !path.endsWith("_test.rego"))
      .map(({ content, path }) => ({ content, path, version: versionOf(path) })).map(numbered("p", "rego")),
    data: [
      ...withEnding(".json").filter(isData).map(numbered("p", "json")),
      ...withEnding(".yaml", ".yml").filter(isData).map(numbered("p", "yaml"))
    ]
  }
}

/** All Rego of a bundle with its tests, which are no part of what is compiled. */
export const regoSources = (
  files: ReadonlyArray<{ readonly path: string; readonly content: Uint8Array }>
): ReadonlyArray<Source> =>
  [...files].sort((a, b) => a.path < b.path ? -1 : 1).filter(({ path }) => path.endsWith(".rego")).map(
    numbered("p", "rego")
  )

/** The place that OPA means, as people know it. */
export const originOf = (
  known: ReadonlyArray<Source>,
  name: string,
  line?: number,
  column?: number
): Origin | undefined => {
  const source = known.find((one) => name === one.name || name.endsWith(`/${one.name}`))
  if (source === undefined) return undefined
  return {
    file: source.path,
    ...line === undefined || line < 1 || source.hasLines === false ? {} : { line },
    ...column === undefined || column < 1 || source.name.startsWith("t") ? {} : { column }
  }
}

/** A message of OPA with our names replaced by the author's; a line that is not the file's is left out. */
export const withPaths = (
  known: ReadonlyArray<Pick<Source, "hasLines" | "name" | "path">>,
  message: string
): string =>
  message.replace(
    /(?:\/?(?:bundle\/)?(?:policies|templates|data)\/)?([pt]\d{4}\.(?:rego|json|yaml))((?::\d+){0,2})/g,
    (whole, name: string, place: string) => {
      const source = known.find((one) => one.name === name)
      return source === undefined ? whole : source.path + (source.hasLines === false ? "" : place)
    }
  )
