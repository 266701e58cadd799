import { at, type Json, type JsonObject } from "../domain/Json.ts"

/** Keys and indices. */
export type Path = ReadonlyArray<string | number>

const isIndex = (text: string) => /^(0|[1-9]\d{0,8})$/.test(text)

const pointer = (text: string): Path =>
  text.slice(1).split("/").map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))

/** `spec.containers[0].image`, `metadata.labels["a.b/c"]`. */
const dotted = (text: string): Path =>
  [...text.matchAll(/\["([^"]*)"\]|\[(\d+)\]|([^.[]+|\[)/gu)].map(([, quoted, index, name]) =>
    quoted ?? index ?? name ?? ""
  )

const parse = (path: Json): Path | undefined => {
  if (typeof path === "string") return path.startsWith("/") ? pointer(path) : dotted(path)
  if (!Array.isArray(path)) return undefined
  const parts = path as ReadonlyArray<Json>
  return parts.every((part) => typeof part === "string" || typeof part === "number") ? parts as Path : undefined
}

/** As much of it as the object has. Parts of digits become indices where the object has an array. */
const resolve = (object: JsonObject, path: Path): Path => {
  const resolved: Array<string | number> = []
  for (const part of path) {
    const isInArray = Array.isArray(at(object, ...resolved))
    const next = isInArray && typeof part === "string" && isIndex(part) ? Number(part) : part
    if (at(object, ...resolved, next) === undefined) return resolved
    resolved.push(next)
  }
  return resolved
}

/**
 * The path of keys and indices that a policy's result names: a JSON pointer, `spec.containers[0].image`, or an array.
 * Undefined unless the object has a value there.
 */
export const violationPath = (object: JsonObject, path: Json | undefined): Path | undefined => {
  const parsed = parsedOf(path)
  const resolved = parsed && resolve(object, parsed)
  return resolved?.length === parsed?.length ? resolved : undefined
}

/**
 * The same for a field that may be missing: then it is the nearest one above it that is there, where it would have to be
 * written. Undefined where not even the first key is there.
 */
export const nearestPath = (object: JsonObject, path: Json | undefined): Path | undefined => {
  const parsed = parsedOf(path)
  const resolved = parsed && resolve(object, parsed)
  return resolved?.length === 0 ? undefined : resolved
}

const parsedOf = (path: Json | undefined): Path | undefined => {
  const parsed = path === undefined ? undefined : parse(path)
  return parsed === undefined || parsed.length === 0 || parsed.length > 500 ? undefined : parsed
}
