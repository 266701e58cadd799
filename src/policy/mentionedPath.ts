import { isJsonObject, type Json, type JsonObject } from "../domain/Json.ts"
import { type Path, violationPath } from "./violationPath.ts"

/** What looks like a path: `spec.template.spec.containers[0].image`, `metadata.labels["a/b"]`, `/spec/replicas`. */
const paths =
  /(?:[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*|\[\d+\]|\["[^"\]]+"\])+)|(?<![\w.:/])\/[A-Za-z_][\w~-]*(?:\/[\w.~-]+)*/gu

/** A text in quotes. */
const quoted = /"([^"]+)"|'([^']+)'|`([^`]+)`/gu

/** A word that can hardly be prose: an image, an address, a capability of a volume. */
const telling = /(?<![\w.:/@-])\/?[\w*][\w.*-]*[:/@][\w.:/@*+-]*\w/gu

/** `container app`, `initContainer "app"`. */
const containers = /\b(?:init|ephemeral)?[Cc]ontainers?\s+(?:["'`]([a-z0-9-]+)["'`]|([a-z0-9-]+))/gu

const lists = new Set(["containers", "initContainers", "ephemeralContainers"])

const isPrefix = (short: Path, long: Path): boolean =>
  short.length <= long.length && short.every((part, index) => part === long[index])

/** The one that says most, where the others lead to it; undefined where two lead elsewhere. */
const deepest = (found: ReadonlyArray<Path>): Path | undefined => {
  const [first] = [...found].sort((a, b) => b.length - a.length)
  return first !== undefined && found.every((path) => isPrefix(path, first)) ? first : undefined
}

type Places = ReadonlyMap<string, ReadonlyArray<Path>>

/** Objects, each gone through once for all that is said of it. */
const known = new WeakMap<JsonObject, Places>()

/** Where each text of an object stands. */
const placesOf = (object: JsonObject): Places => {
  const before = known.get(object)
  if (before !== undefined) return before
  const found = new Map<string, Array<Path>>()
  const note = (value: Json, path: Path): void => {
    if (typeof value === "string") {
      const places = found.get(value)
      if (places === undefined) found.set(value, [path])
      else places.push(path)
    } else if (Array.isArray(value)) {
      for (const [index, item] of (value as ReadonlyArray<Json>).entries()) note(item, [...path, index])
    } else if (isJsonObject(value)) {
      for (const [key, item] of Object.entries(value)) note(item, [...path, key])
    }
  }
  note(object, [])
  known.set(object, found)
  return found
}

/** Characters of a message that are looked at, words of it that are looked for, and places at which one is. */
const most = { characters: 1_024, words: 32, places: 256 }

const matches = (pattern: RegExp, text: string): ReadonlyArray<string> =>
  [...text.matchAll(pattern)].map(([whole, ...groups]) => groups.find((group) => group !== undefined) ?? whole)

/** Names that every message may give, and that say nothing of the place. */
const isIdentity = ([first, second]: Path): boolean =>
  first === "apiVersion" || first === "kind" || first === "metadata" && (second === "name" || second === "namespace")

const isContainerName = (path: Path): boolean => path.at(-1) === "name" && lists.has(String(path.at(-3)))

/** `Always` may be what a field should say, and stand in another one; an image, an address or a name hardly. */
const isTelling = (path: Path, text: string): boolean =>
  !isIdentity(path) && !isContainerName(path) && (/[/:@]/u.test(text) || path.at(-1) === "name")

/**
 * The place in an object that a message tells by itself, where the policy's result has no `path`: a path that leads
 * somewhere, an image, an address or a name that stands once in the object (within the container that it names), a container.
 * Undefined where it tells of none or of several: a place is exact or absent.
 */
export const mentionedPath = (object: JsonObject, message: string): Path | undefined => {
  const text = message.slice(0, most.characters)
  const told = matches(paths, text).map((path) => violationPath(object, path)).filter((path) => path !== undefined)
  if (told.length > 0) return deepest(told)
  const places = placesOf(object)
  /** Where each of these stands, of those that stand once. */
  const once = (wanted: Iterable<string>, isCandidate: (path: Path, text: string) => boolean): ReadonlyArray<Path> =>
    [...new Set(wanted)].slice(0, most.words).flatMap((text) => {
      const standing = places.get(text) ?? []
      if (standing.length > most.places) return []
      const [place, another] = standing.filter((path) => isCandidate(path, text))
      return place === undefined || another !== undefined ? [] : [place]
    })
  const mentioned = [...matches(quoted, text), ...matches(telling, text)]
  const names = once([...mentioned, ...matches(containers, text)], isContainerName)
  const [container] = names.length === 1 ? names.map((path) => path.slice(0, -1)) : []
  const fields = once(
    mentioned,
    (path, text) => isTelling(path, text) && (container === undefined || isPrefix(container, path))
  )
  if (fields.length > 0) return deepest(fields)
  return container
}
