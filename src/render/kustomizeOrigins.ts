import * as Effect from "effect/Effect"
import { posix } from "node:path"
import { at, type Json } from "../domain/Json.ts"
import type { Origin } from "../domain/Manifest.ts"
import type { RenderError } from "../domain/StageError.ts"
import type { Candidate } from "./assemble.ts"
import { kustomizationNames } from "./detect.ts"
import { withoutOrigin } from "./kustomize.ts"
import type { Reader, SourceDocument } from "./Reader.ts"
import { split } from "./split.ts"
import { decode, type Tree } from "./Tree.ts"

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
  return lines.length === 1 && !/^kind:.*List\b/mu.test(text) ? lines[0] : undefined
}

const isKustomization = (path: string) => kustomizationNames.some((name) => name === posix.basename(path))

/** Lines of single documents that are remembered, by content id. */
const remembered = 100_000

/** What is known of a file: the line of its only document, or its documents. */
type Known = number | ReadonlyArray<SourceDocument>

/** Tells where objects of kustomize come from; a file that was looked at once is not read again. */
export const make = (reader: Reader) => {
  const lines = new Map<string, number>()

  const look = Effect.fnUntraced(function*(
    tree: Tree,
    closure: ReadonlyMap<string, string>,
    paths: ReadonlyArray<string>
  ): Effect.fn.Return<ReadonlyMap<string, Known>, RenderError> {
    const found = new Map<string, Known>()
    const missing: Array<{ readonly id: string; readonly name: string }> = []
    for (const name of paths) {
      const id = closure.get(name)!
      const known = reader.known(id) ?? (isKustomization(name) ? undefined : lines.get(id))
      if (known === undefined) missing.push({ id, name })
      else found.set(name, known)
    }
    const contents = yield* tree.read(missing.map(({ name }) => name))
    const several: Array<{ readonly id: string; readonly name: string; readonly text: string }> = []
    if (lines.size > remembered) lines.clear()
    for (const [index, { id, name }] of missing.entries()) {
      const text = decode(contents[index] ?? new Uint8Array())
      const line = isKustomization(name) ? undefined : onlyLine(text)
      if (line === undefined) several.push({ id, name, text })
      else found.set(name, lines.set(id, line).get(id)!)
    }
    const read = yield* reader.read(several)
    for (const [index, { name }] of several.entries()) {
      const documents = read[index]!
      if (!("problem" in documents)) found.set(name, documents)
    }
    return found
  })

  /** The line of the generator of a kustomization that made an object. */
  const generatorLine = Effect.fnUntraced(function*(known: Known | undefined, object: Json) {
    const field = generators[String(at(object, "kind")) as keyof typeof generators]
    const document = typeof known === "number" ? undefined : known?.[0]
    const entries = field === undefined ? undefined : at(document?.value, field)
    if (document === undefined || !Array.isArray(entries)) return undefined
    const list = entries as ReadonlyArray<Json>
    const entry = sourceOf([...list.keys()], (index) => String(at(list[index], "name") ?? ""), nameOf(object))
    const place = entry === undefined ? undefined : yield* reader.locate(document.piece.text, [field, entry])
    return place === undefined ? undefined : place.line + document.piece.line - 1
  })

  /** The objects of kustomize's output: the file that kustomize names, and the line where that is beyond doubt. */
  return Effect.fnUntraced(function*(
    tree: Tree,
    closure: ReadonlyMap<string, string>,
    output: ReadonlyArray<Json>,
    root: string
  ) {
    const objects = output.map(withoutOrigin)
    const named = new Set(
      objects.map(({ said }) => said.path ?? said.configuredIn ?? "").filter((path) => closure.has(path))
    )
    const known = yield* look(tree, closure, [...named])
    const own = kustomizationNames.map((name) => posix.join(root, name)).find((path) => closure.has(path)) ?? root
    const candidates: Array<Candidate> = []
    for (const { object, said } of objects) {
      const file = said.path ?? said.configuredIn ?? ""
      const place = known.get(file)
      const line = said.path === undefined
        ? yield* generatorLine(place, object)
        : typeof place === "number"
        ? place
        : documentOf(place ?? [], object)?.line
      const origin: Origin = { file: closure.has(file) ? file : own, ...line === undefined ? {} : { line } }
      candidates.push({ value: object, origin })
    }
    return candidates
  })
}
