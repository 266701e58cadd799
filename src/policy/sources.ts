import { isJsonObject } from "../domain/Json.ts"
import type { Origin } from "../domain/Manifest.ts"

/** A file of a policy set under a name of our own: what OPA is given never holds a character that the author chose. */
export interface Source {
  readonly name: string
  readonly path: string
  readonly content: Uint8Array
}

const numbered =
  (extension: string) => (file: { readonly path: string; readonly content: Uint8Array }, index: number): Source => ({
    ...file,
    name: `p${String(index).padStart(4, "0")}.${extension}`
  })

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
export const sources = (files: ReadonlyArray<{ readonly path: string; readonly content: Uint8Array }>): Sources => {
  const sorted = [...files].sort((a, b) => a.path < b.path ? -1 : 1)
  const withEnding = (...endings: ReadonlyArray<string>) =>
    sorted.filter(({ path }) => endings.some((ending) => path.endsWith(ending)))
  const isData = ({ content, path }: (typeof files)[number]) => !isNoData(path, Buffer.from(content).toString("utf8"))
  return {
    policies: withEnding(".rego").filter(({ path }) => !path.endsWith("_test.rego")).map(numbered("rego")),
    data: [
      ...withEnding(".json").filter(isData).map(numbered("json")),
      ...withEnding(".yaml", ".yml").filter(isData).map(numbered("yaml"))
    ]
  }
}

/** All Rego of a bundle with its tests, which are no part of what is compiled. */
export const regoSources = (
  files: ReadonlyArray<{ readonly path: string; readonly content: Uint8Array }>
): ReadonlyArray<Source> =>
  [...files].sort((a, b) => a.path < b.path ? -1 : 1).filter(({ path }) => path.endsWith(".rego")).map(numbered("rego"))

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
    ...line === undefined || line < 1 ? {} : { line },
    ...column === undefined || column < 1 ? {} : { column }
  }
}

/** A message of OPA with our names replaced by the author's. */
export const withPaths = (
  known: ReadonlyArray<{ readonly name: string; readonly path: string }>,
  message: string
): string =>
  message.replace(
    /(?:\/?(?:policies|data)\/)?(p\d{4}\.(?:rego|json|yaml))/g,
    (whole, name: string) => known.find((source) => source.name === name)?.path ?? whole
  )
