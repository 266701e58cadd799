import * as Effect from "effect/Effect"
import { posix } from "node:path"
import { at, type Json } from "../domain/Json.ts"
import type { RenderError } from "../domain/StageError.ts"
import type { Candidate } from "./assemble.ts"
import { kustomizationNames } from "./detect.ts"
import { isList } from "./identity.ts"
import { withoutOrigin } from "./kustomize.ts"
import type { Reader, SourceDocument } from "./Reader.ts"
import { split } from "./split.ts"
import { decode, type Tree } from "./Tree.ts"

const nameOf = (value: Json) => String(at(value, "metadata", "name") ?? "")

/** One object of a file: a document, or an item of a list in one. */
export interface Source {
  readonly value: Json
  readonly line: number | undefined
  readonly piece: SourceDocument["piece"]
  readonly within: ReadonlyArray<string | number>
}

/** The objects of a file, in its order. */
export const sourcesIn = (documents: ReadonlyArray<SourceDocument>): ReadonlyArray<Source> =>
  documents.flatMap(({ itemLines, line, piece, value }): ReadonlyArray<Source> =>
    isList(value)
      ? value.items.map((item, at) => ({ value: item, line: itemLines?.[at], piece, within: ["items", at] }))
      : [{ value, line, piece, within: [] }]
  )

/**
 * Which object of a file became which of kustomize's output. Kustomize keeps their order (the wrapper asks for `fifo`),
 * so that they pair up where none was added or removed; prefixes and suffixes of names are checked besides.
 */
const pair = (sources: ReadonlyArray<Source>, made: ReadonlyArray<Json>): ReadonlyMap<Json, Source> => {
  const pairs = new Map<Json, Source>()
  for (const kind of new Set(made.map((object) => at(object, "kind")))) {
    const before = sources.filter(({ value }) => at(value, "kind") === kind)
    const after = made.filter((object) => at(object, "kind") === kind)
    for (const [index, object] of after.entries()) {
      const same = before.filter(({ value }) => nameOf(value) === nameOf(object))
      const source = before.length === after.length ? before[index] : same.length === 1 ? same[0] : undefined
      if (source !== undefined && nameOf(object).includes(nameOf(source.value))) pairs.set(object, source)
    }
  }
  return pairs
}

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
export const make = () => {
  const lines = new Map<string, number>()

  const look = Effect.fnUntraced(function*(
    reader: Reader,
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
  const generatorLine = Effect.fnUntraced(function*(reader: Reader, known: Known | undefined, object: Json) {
    const field = generators[String(at(object, "kind")) as keyof typeof generators]
    const document = typeof known === "number" ? undefined : known?.[0]
    const said = field === undefined ? undefined : at(document?.value, field)
    if (field === undefined || document === undefined || !Array.isArray(said)) return undefined
    const list = said as ReadonlyArray<Json>
    // kustomize adds a hash, and prefixes of other kustomizations: only one generator may be meant
    const entries = [...list.keys()].filter((index) => nameOf(object).includes(String(at(list[index], "name"))))
    if (entries.length !== 1) return undefined
    const place = yield* reader.locate(document.piece.text, [field, entries[0]!])
    return place === undefined ? undefined : place.line + document.piece.line - 1
  })

  /** The objects of kustomize's output: the file that kustomize names, and the line where that is beyond doubt. */
  return Effect.fnUntraced(function*(
    reader: Reader,
    tree: Tree,
    closure: ReadonlyMap<string, string>,
    output: ReadonlyArray<Json>,
    root: string
  ) {
    const objects = output.map(withoutOrigin)
    const named = new Set(
      objects.map(({ said }) => said.path ?? said.configuredIn ?? "").filter((path) => closure.has(path))
    )
    const known = yield* look(reader, tree, closure, [...named])
    const own = kustomizationNames.map((name) => posix.join(root, name)).find((path) => closure.has(path)) ?? root
    const made = Map.groupBy(objects, ({ said }) => said.path)
    const pairs = new Map([...known].map(([file, place]) => [
      file,
      pair(typeof place === "number" ? [] : sourcesIn(place), made.get(file)?.map(({ object }) => object) ?? [])
    ]))
    const candidates: Array<Candidate> = []
    for (const { object, said } of objects) {
      const file = said.path ?? said.configuredIn ?? ""
      const place = known.get(file)
      const source = said.path === undefined ? undefined : pairs.get(file)?.get(object)
      const line = said.path === undefined
        ? yield* generatorLine(reader, place, object)
        : typeof place === "number"
        ? place
        : source?.line
      candidates.push({
        value: object,
        origin: { file: closure.has(file) ? file : own, ...line === undefined ? {} : { line } },
        ...source === undefined ? {} : { source: source.piece, within: source.within }
      })
    }
    return candidates
  })
}
