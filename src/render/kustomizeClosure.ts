import * as Effect from "effect/Effect"
import { isJsonObject, type Json } from "../domain/Json.ts"
import type { Origin } from "../domain/Manifest.ts"
import { type RenderError, RenderFailed } from "../domain/StageError.ts"
import { kustomizationOf } from "./detect.ts"
import { type InlinePlugin, pluginReferences, type Reference, references, type Refusal } from "./kustomization.ts"
import type { Reader } from "./Reader.ts"
import type { Tree } from "./Tree.ts"

const deepest = 64
const most = 50_000

/**
 * Every file that a kustomization reads, by path: it follows resources, bases, components, patches, generators and all
 * other reference fields, and refuses what leaves the repository before kustomize could see it.
 */
export const kustomizeClosure = Effect.fnUntraced(function*(tree: Tree, reader: Reader, root: string) {
  const closure = new Map<string, string>()
  const finished = new Set<string>()

  /** Adds a line to errors that a reference of this text causes. */
  const lined = <A>(
    effect: Effect.Effect<A, RenderError>,
    asker: { readonly file: string; readonly text: string; readonly line: number },
    at: ReadonlyArray<string | number>
  ): Effect.Effect<A, RenderError> =>
    Effect.catchTag(
      effect,
      "RenderFailed",
      (error) =>
        error.origin?.file !== asker.file || error.origin.line !== undefined
          ? Effect.fail(error)
          : Effect.flatMap(reader.locate(asker.text, at), (place) =>
            Effect.fail(
              new RenderFailed({
                detail: error.detail,
                ...error.hint === undefined ? {} : { hint: error.hint },
                origin: {
                  file: asker.file,
                  ...place === undefined ? {} : { line: place.line + asker.line - 1, column: place.column }
                }
              })
            ))
    )

  const add = (path: string, id: string, origin: Origin) =>
    closure.set(path, id).size > most
      ? Effect.fail(new RenderFailed({ detail: `refers to more than ${most} files`, origin }))
      : Effect.void

  const readOne = Effect.fnUntraced(function*(file: string, id: string) {
    const known = reader.known(id)
    const [read] = known !== undefined
      ? [known]
      : yield* reader.read([{ id, name: file, text: yield* tree.text(file) }])
    if (read === undefined || "problem" in read) {
      const { detail, line, column } = read!.problem
      return yield* new RenderFailed({ detail, origin: { file, line, column } })
    }
    return read
  })

  const follow = (
    found: Reference | Refusal | InlinePlugin,
    folder: string,
    asker: { readonly file: string; readonly text: string; readonly line: number },
    stack: ReadonlyArray<string>
  ): Effect.Effect<void, RenderError> =>
    lined(
      Effect.gen(function*() {
        const origin = { file: asker.file }
        if ("refused" in found) {
          return yield* new RenderFailed({
            detail: found.refused,
            origin,
            ...found.hint === undefined ? {} : { hint: found.hint }
          })
        }
        if ("inline" in found) {
          const [read] = yield* reader.read([{ name: asker.file, text: found.inline }])
          if (read === undefined || "problem" in read) {
            return yield* new RenderFailed({ detail: read!.problem.detail, origin })
          }
          // lines within the inline text are not lines of the file
          for (const { value } of read) yield* configuration(value, folder, asker, stack, found.at)
          return
        }
        const path = yield* tree.resolve(folder, found.path, origin)
        const entry = yield* tree.entry(path, origin)
        if (entry === undefined) {
          return yield* new RenderFailed({ detail: `${found.at[0]} refers to ${path}, which is not there`, origin })
        }
        if (entry.kind === "folder") {
          if (found.to === "file") {
            return yield* new RenderFailed({ detail: `${path} is a folder; a file is wanted here`, origin })
          }
          return yield* visit(path, stack, origin)
        }
        if (found.to === "base") {
          return yield* new RenderFailed({
            detail: `${path} is a file; ${found.at[0]} wants folders`,
            hint: "List files under resources.",
            origin
          })
        }
        yield* add(path, entry.id, origin)
        if (found.to !== "plugin") return
        for (const { value, piece } of yield* readOne(path, entry.id)) {
          yield* configuration(value, folder, { file: path, ...piece }, stack, undefined)
        }
      }),
      asker,
      found.at
    )

  const configuration = Effect.fnUntraced(function*(
    value: Json,
    folder: string,
    asker: { readonly file: string; readonly text: string; readonly line: number },
    stack: ReadonlyArray<string>,
    at: ReadonlyArray<string | number> | undefined
  ) {
    for (const found of pluginReferences(value)) {
      yield* follow(at === undefined ? found : { ...found, at }, folder, asker, stack)
    }
  })

  const visit = (folder: string, stack: ReadonlyArray<string>, asker?: Origin): Effect.Effect<void, RenderError> =>
    Effect.gen(function*() {
      const named = asker === undefined ? {} : { origin: asker }
      if (stack.includes(folder)) {
        const circle = [...stack.slice(stack.indexOf(folder)), folder].map((one) => one || ".")
        return yield* new RenderFailed({
          detail: `kustomizations refer to each other: ${circle.join(" -> ")}`,
          ...named
        })
      }
      if (finished.has(folder)) return
      if (stack.length >= deepest) {
        return yield* new RenderFailed({ detail: `more than ${deepest} kustomizations deep`, ...named })
      }
      const file = yield* kustomizationOf(tree, folder)
      if (file === undefined) {
        return yield* new RenderFailed({ detail: `${folder || "the root"} has no kustomization.yaml`, ...named })
      }
      const id = (yield* tree.entry(file))?.id ?? ""
      yield* add(file, id, { file })
      const documents = yield* readOne(file, id)
      const [first, second] = documents
      if (second !== undefined) {
        return yield* new RenderFailed({
          detail: "a kustomization is one YAML document",
          origin: { file, line: second.line }
        })
      }
      if (first === undefined || !isJsonObject(first.value)) {
        return yield* new RenderFailed({ detail: "this is not a kustomization: it is no mapping", origin: { file } })
      }
      const inner = [...stack, folder]
      for (const found of references(first.value)) yield* follow(found, folder, { file, ...first.piece }, inner)
      finished.add(folder)
    })

  yield* visit(root, [])
  return closure
})
