import * as Effect from "effect/Effect"
import { posix } from "node:path"
import { at, isJsonObject, type Json, type JsonObject } from "../domain/Json.ts"
import type { Manifest, Origin } from "../domain/Manifest.ts"
import type { RenderError } from "../domain/StageError.ts"
import type { Candidate } from "./assemble.ts"
import { kustomizationNames } from "./detect.ts"
import { sourcesIn } from "./kustomizeOrigins.ts"
import { inPiece } from "./locate.ts"
import type { Reader, SourceDocument } from "./Reader.ts"
import type { Tree } from "./Tree.ts"

type Path = ReadonlyArray<string | number>

const listAt = (value: Json, field: string): ReadonlyArray<Json> => {
  const list = at(value, field)
  return Array.isArray(list) ? list as ReadonlyArray<Json> : []
}
const textAt = (value: Json | undefined, ...path: Path): string | undefined => {
  const text = at(value, ...path)
  return typeof text === "string" ? text : undefined
}
const same = (a: Json | undefined, b: Json | undefined) => JSON.stringify(a) === JSON.stringify(b)
const isScalar = (value: Json | undefined) => value !== undefined && (value === null || typeof value !== "object")

/** The same path in another document: elements of lists are found by their name, else only where they are equal. */
const translate = (final: Json, path: Path, other: Json): Path | undefined => {
  const result: Array<string | number> = []
  let here: Json | undefined = final
  let there: Json | undefined = other
  for (const step of path) {
    let next = step
    if (typeof step === "number" && Array.isArray(there)) {
      const element: Json | undefined = at(here, step)
      const name = textAt(element, "name")
      next = (there as ReadonlyArray<Json>).findIndex((item) =>
        name === undefined ? same(item, element) : textAt(item, "name") === name
      )
      if (next === -1) return undefined
    }
    here = at(here, step)
    there = at(there, next)
    if (there === undefined) return undefined
    result.push(next)
  }
  return result
}

const pointer = (text: string): ReadonlyArray<string> =>
  text.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))

/** Where in a patch of either kind a value of the final object is set. */
const inPatch = (patch: Json, final: JsonObject, path: Path): Path | undefined => {
  const value = at(final, ...path)
  if (!Array.isArray(patch)) {
    const there = translate(final, path, patch)
    return there !== undefined && same(at(patch, ...there), value) ? there : undefined
  }
  for (const [index, operation] of [...patch.entries()].reverse() as ReadonlyArray<[number, Json]>) {
    const target = pointer(textAt(operation, "path") ?? "")
    if (!target.every((part, step) => step < path.length && part === String(path[step]))) continue
    const rest = path.slice(target.length)
    const set = at(operation, "value")
    if (set !== undefined && same(rest.length === 0 ? set : at(set, ...rest), value)) return [index, "value", ...rest]
  }
  return undefined
}

/** Whether a patch is for this object, beyond doubt. Kustomize's targets are regular expressions: plain words only. */
const isFor = (target: Json | undefined, patch: Json, final: JsonObject): boolean => {
  const said = isJsonObject(target) ? target : patch
  const kind = textAt(said, "kind")
  const name = isJsonObject(target) ? textAt(target, "name") : textAt(patch, "metadata", "name")
  const finalName = textAt(final, "metadata", "name") ?? ""
  if (kind === undefined && name === undefined) return false
  return (kind === undefined || kind === final.kind) && (name === undefined || finalName.includes(name))
}

/**
 * Where a field of an object that kustomize made is written: the last patch, image or replica count that sets this very
 * value, else the base. The object's own place if none of them does.
 */
export const locateKustomize = (
  tree: Tree,
  reader: Reader,
  closure: ReadonlyMap<string, string>,
  root: string
) => {
  const documents = Effect.fnUntraced(function*(file: string) {
    const id = closure.get(file)
    if (id === undefined) return []
    const known = reader.known(id)
    if (known !== undefined) return known
    const [read] = yield* reader.read([{ id, name: file, text: yield* tree.text(file) }])
    return read === undefined || "problem" in read ? [] : read
  })

  const fileOf = (folder: string) =>
    kustomizationNames.map((name) => posix.join(folder, name)).find((path) => closure.has(path))

  const inKustomization = Effect.fnUntraced(function*(
    folder: string,
    file: string,
    { value, piece }: SourceDocument,
    final: JsonObject,
    path: Path
  ) {
    const wanted = at(final, ...path)
    for (const field of ["replicas", "images"] as const) {
      for (const [index, entry] of listAt(value, field).entries()) {
        const name = textAt(entry, "name") ?? ""
        const image = `${textAt(entry, "newName") ?? name}${tagOf(entry)}`
        const sets = field === "images"
          ? path.at(-1) === "image" && tagOf(entry) !== "" && image === wanted
          : path.join(".") === "spec.replicas" && (textAt(final, "metadata", "name") ?? "").includes(name) &&
            at(entry, "count") === wanted
        if (sets) return yield* inPiece(reader, file, piece, [field, index])
      }
    }
    for (const field of ["patchesJson6902", "patches", "patchesStrategicMerge"] as const) {
      for (const [index, entry] of [...listAt(value, field).entries()].reverse()) {
        const target = at(entry, "target")
        const inline = typeof entry === "string" ? entry : textAt(entry, "patch")
        const patchFile = posix.join(folder, typeof entry === "string" ? entry : textAt(entry, "path") ?? "")
        if (closure.has(patchFile)) {
          for (const patch of yield* documents(patchFile)) {
            const found = isFor(target, patch.value, final) ? inPatch(patch.value, final, path) : undefined
            if (found !== undefined) return yield* inPiece(reader, patchFile, patch.piece, found)
          }
        } else if (inline !== undefined) {
          const [read] = yield* reader.read([{ name: file, text: inline }])
          for (const patch of read === undefined || "problem" in read ? [] : read) {
            if (!isFor(target, patch.value, final) || inPatch(patch.value, final, path) === undefined) continue
            return yield* inPiece(
              reader,
              file,
              piece,
              typeof entry === "string" ? [field, index] : [field, index, "patch"]
            )
          }
        }
      }
    }
    return undefined
  })

  const inFolder = (folder: string, final: JsonObject, path: Path): Effect.Effect<Origin | undefined, RenderError> =>
    Effect.gen(function*() {
      const file = fileOf(folder)
      const document = file === undefined ? undefined : (yield* documents(file))[0]
      if (file === undefined || document === undefined) return undefined
      const here = yield* inKustomization(folder, file, document, final, path)
      if (here !== undefined) return here
      for (const field of ["components", "bases", "resources"] as const) {
        for (const entry of [...listAt(document.value, field)].reverse()) {
          const base = typeof entry === "string" ? posix.join(folder, entry) : undefined
          if (base === undefined || fileOf(base) === undefined) continue
          const there = yield* inFolder(base, final, path)
          if (there !== undefined) return there
        }
      }
      return undefined
    })

  return (manifest: Manifest, candidate: Candidate | undefined, path: Path): Effect.Effect<Origin> =>
    Effect.gen(function*() {
      const final = manifest.object
      const value = at(final, ...path)
      if (value === undefined) return manifest.origin
      const patched = isScalar(value) ? yield* inFolder(root, final, path) : undefined
      if (patched !== undefined) return patched
      const sources = sourcesIn(yield* documents(manifest.origin.file))
      const source = sources.length === 1 ?
        sources[0] :
        sources.find(({ piece, within }) =>
          piece.line === candidate?.source?.line && same([...within], [...candidate.within ?? []])
        )
      const there = source === undefined ? undefined : translate(final, path, source.value)
      if (source === undefined || there === undefined || at(source.value, "kind") !== final.kind) return manifest.origin
      // a scalar that differs was set by something that we did not find
      if (isScalar(value) && !same(at(source.value, ...there), value)) return manifest.origin
      return (yield* inPiece(reader, manifest.origin.file, source.piece, [...source.within, ...there])) ??
        manifest.origin
    }).pipe(Effect.orElseSucceed(() => manifest.origin))
}

const tagOf = (image: Json): string => {
  const tag = at(image, "newTag")
  const digest = textAt(image, "digest")
  return `${tag === undefined || tag === null ? "" : `:${String(tag)}`}${digest === undefined ? "" : `@${digest}`}`
}
