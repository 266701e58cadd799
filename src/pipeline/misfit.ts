import * as Effect from "effect/Effect"
import { at, type Json, type JsonObject } from "../domain/Json.ts"
import type { Rendered } from "../domain/Manifest.ts"
import { key } from "../domain/ObjectRef.ts"
import { type DiffError, retold } from "../domain/StageError.ts"

/** `.spec.containers[name="app"].imgae: …`, as the API server names a field that does not fit. */
const named = /^((?:\.[\w-]+(?:\[[^\]]*\])*)+): /u
const steps = /\.([\w-]+)|\[([^\]]*)\]/gu
const selector = /([\w-]+)=(?:"([^"]*)"|([^,\]]*))/gu

/** The index of the element that `name="app"` selects. */
const indexIn = (list: Json | undefined, text: string): number => {
  if (/^\d+$/u.test(text)) return Number(text)
  const wanted = [...text.matchAll(selector)]
  return Array.isArray(list)
    ? list.findIndex((element: Json) =>
      wanted.every(([, name = "", quoted, bare]) => String(at(element, name)) === (quoted ?? bare))
    )
    : -1
}

/** The path of keys and indices that a refusal of the API server begins with, or undefined if the object has none. */
export const misfitPath = (object: JsonObject, detail: string): ReadonlyArray<string | number> | undefined => {
  const [, path = ""] = named.exec(detail) ?? []
  const found: Array<string | number> = []
  for (const [, name, index] of path.matchAll(steps)) {
    found.push(name ?? indexIn(at(object, ...found), index ?? ""))
  }
  return found.length === 0 || at(object, ...found) === undefined ? undefined : found
}

/** A field that does not fit is told with its own line, not its object's, where that is known. */
export const atTheField = (rendered: Rendered) => (error: DiffError): Effect.Effect<never, DiffError> => {
  const { object } = error
  const manifest = object && rendered.manifests.find(({ ref }) => key(ref) === key(object))
  const path = manifest && misfitPath(manifest.object, error.detail)
  if (error._tag !== "DiffFailed" || manifest === undefined || path === undefined) return Effect.fail(error)
  return Effect.flatMap(rendered.locate(manifest, path), (origin) => Effect.fail(retold(error, { origin })))
}
