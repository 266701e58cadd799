import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import { join, posix } from "node:path"
import { at, isJsonObject, type Json, type JsonObject } from "../domain/Json.ts"
import type { Origin } from "../domain/Manifest.ts"
import { RenderFailed } from "../domain/StageError.ts"
import type { Candidate } from "./assemble.ts"
import type { Reader, SourceDocument } from "./Reader.ts"
import { split } from "./split.ts"
import { decode, type Tree } from "./Tree.ts"
import type { Workspace } from "./workspace.ts"

const annotation = "config.kubernetes.io/origin"

/**
 * Writes the kustomization that kustomize is started on. It lies outside the tenant's files and asks for origins; with
 * `resources` there is no way in which it could change an object.
 */
export const writeWrapper = Effect.fnUntraced(
  function*(files: FileSystem.FileSystem, workspace: Workspace, root: string) {
    const wrapper = {
      resources: [posix.join("../tree", root)],
      buildMetadata: ["originAnnotations"],
      sortOptions: { order: "fifo" }
    }
    yield* Effect.mapError(
      files.writeFileString(join(workspace.generated, "kustomization.yaml"), JSON.stringify(wrapper)),
      (error) => new RenderFailed({ detail: `the render folder cannot be kept: ${error.message}`, class: "transient" })
    )
    return ["build", workspace.generated]
  }
)

interface Said {
  readonly path: string | undefined
  readonly configuredIn: string | undefined
}

const fieldOf = (text: string, name: string): string | undefined => {
  const value = new RegExp(`^${name}: (.*)$`, "mu").exec(text)?.[1]?.trim()
  if (value === undefined) return undefined
  const bare = /^(["'])(.*)\1$/u.exec(value)?.[2] ?? value
  return posix.normalize(bare).replace(/^\.\.\/tree\//u, "")
}

interface Told {
  readonly said: Said
  readonly object: Json
}
const nothingSaid: Said = { path: undefined, configuredIn: undefined }

/** An unchanged document of the output stays the same object, so that what was made of it before is found again. */
const told = new WeakMap<JsonObject, Told>()

/** What kustomize says about an object's origin, and the object without that annotation. */
const withoutOrigin = (value: Json): Told => {
  if (!isJsonObject(value)) return { said: nothingSaid, object: value }
  const result = told.get(value) ?? strip(value)
  told.set(value, result)
  return result
}

const strip = (object: JsonObject): Told => {
  const text = at(object, "metadata", "annotations", annotation)
  if (typeof text !== "string") return { said: nothingSaid, object }
  const metadata = object.metadata as JsonObject
  const { [annotation]: _, ...annotations } = metadata.annotations as JsonObject
  const { annotations: __, ...rest } = metadata
  return {
    said: { path: fieldOf(text, "path"), configuredIn: fieldOf(text, "configuredIn") },
    object: { ...object, metadata: Object.keys(annotations).length === 0 ? rest : { ...rest, annotations } }
  }
}

const nameOf = (value: Json) => String(at(value, "metadata", "name") ?? "")

/** Of the things with a name, the one that became `name` by prefixes and suffixes; undefined if it could be several. */
const sourceOf = <A>(things: ReadonlyArray<A>, nameOf: (thing: A) => string, name: string): A | undefined => {
  const exact = things.filter((thing) => nameOf(thing) === name)
  if (exact.length > 0) return exact.length === 1 ? exact[0] : undefined
  const within = things.filter((thing) => nameOf(thing) !== "" && name.includes(nameOf(thing)))
  const longest = Math.max(...within.map((thing) => nameOf(thing).length))
  const best = within.filter((thing) => nameOf(thing).length === longest)
  return best.length === 1 ? best[0] : things.length === 1 && best.length === 0 ? things[0] : undefined
}

/** The document of a file that an object was made from. */
export const documentOf = (
  documents: ReadonlyArray<SourceDocument>,
  object: Json
): SourceDocument | undefined =>
  sourceOf(
    documents.filter(({ value }) => at(value, "kind") === at(object, "kind")),
    ({ value }) => nameOf(value),
    nameOf(object)
  )

const generators = { ConfigMap: "configMapGenerator", Secret: "secretGenerator" } as const

const isContent = (line: string) => !/^\s*(#.*)?$|^---\s*(#.*)?$/u.test(line)

/** The line of a file's only document, found without a parser; undefined if it has several. */
const onlyLine = (text: string): number | undefined => {
  const lines = split(text).flatMap((piece) => {
    const at = piece.text.split("\n").findIndex(isContent)
    return at === -1 ? [] : [piece.line + at]
  })
  return lines.length === 1 ? lines[0] : undefined
}

/**
 * The objects of kustomize's output with their origins: the file that kustomize names, and the line of the document in it
 * where that is beyond doubt.
 */
export const origins = Effect.fnUntraced(function*(
  tree: Tree,
  reader: Reader,
  closure: ReadonlyMap<string, string>,
  output: ReadonlyArray<Json>,
  root: string
) {
  const objects = output.map(withoutOrigin)
  const named = [...new Set(objects.flatMap(({ said }) => [said.path ?? said.configuredIn ?? []].flat()))]
    .filter((path) => closure.has(path))
  const texts = new Map<string, string>()
  const contents = yield* tree.read(named)
  for (const [index, path] of named.entries()) texts.set(path, decode(contents[index] ?? new Uint8Array()))

  const single = new Map<string, number>()
  for (const [path, text] of texts) {
    const line = onlyLine(text)
    if (line !== undefined) single.set(path, line)
  }
  const several = named.filter((path) => !single.has(path) || generated(path))
  const parsed = new Map<string, ReadonlyArray<SourceDocument>>()
  const read = yield* reader.read(
    several.map((path) => ({ id: closure.get(path)!, name: path, text: texts.get(path)! }))
  )
  for (const [index, path] of several.entries()) {
    const documents = read[index]!
    parsed.set(path, "problem" in documents ? [] : documents)
  }
  const fallback = {
    file: [...closure.keys()].find((path) => posix.dirname(path) === (root || ".") && generated(path)) ?? root
  }

  const candidates: Array<Candidate> = []
  for (const { said, object } of objects) {
    const file = said.path ?? said.configuredIn
    let origin: Origin = file === undefined || !closure.has(file) ? fallback : { file }
    if (file !== undefined && said.path !== undefined) {
      const documents = parsed.get(file)
      const line = documents === undefined ? single.get(file) : documentOf(documents, object)?.line
      if (line !== undefined) origin = { ...origin, line }
    } else if (file !== undefined) {
      const field = generators[String(at(object, "kind")) as keyof typeof generators]
      const document = parsed.get(file)?.[0]
      const entries = field === undefined ? undefined : at(document?.value, field)
      if (document !== undefined && Array.isArray(entries)) {
        const list = entries as ReadonlyArray<Json>
        const entry = sourceOf([...list.keys()], (index) => String(at(list[index], "name") ?? ""), nameOf(object))
        const place = entry === undefined ? undefined : yield* reader.locate(document.piece.text, [field, entry])
        if (place !== undefined) origin = { ...origin, line: place.line + document.piece.line - 1 }
      }
    }
    candidates.push({ value: object, origin })
  }
  return candidates
})

const generated = (path: string) => /(^|\/)(kustomization\.ya?ml|Kustomization)$/u.test(path)
