import { at, isJsonObject, type Json, type JsonObject, same } from "./Json.ts"

/** A path in managedFields' own words: `f:spec`, `k:{"name":"app"}`, `v:"x"`, `i:0`. */
export type FieldPath = ReadonlyArray<string>
/** Paths by their text. */
export type FieldSet = ReadonlyMap<string, FieldPath>

const separator = "\u0000"

/** The text under which a set knows a path. */
export const idOf = (path: FieldPath): string => path.join(separator)

/** Where a path of plain field names leads, as a set knows it. */
export const idOfFields = (...names: ReadonlyArray<string>): string => idOf(names.map((name) => `f:${name}`))

const collect = (fields: JsonObject | undefined, isIn: (node: JsonObject, hasChildren: boolean) => boolean) => {
  const found = new Map<string, FieldPath>()
  const walk = (node: JsonObject, path: FieldPath): void => {
    const children = Object.entries(node).filter(([name]) => name !== ".")
    if (path.length > 0 && isIn(node, children.length > 0)) found.set(idOf(path), path)
    for (const [name, child] of children) if (isJsonObject(child)) walk(child, [...path, name])
  }
  if (fields !== undefined) walk(fields, [])
  return found
}

/** The leaves of a fieldsV1 tree. */
export const leaves = (fields: JsonObject | undefined): FieldSet => collect(fields, (_, hasChildren) => !hasChildren)

/** All that a fieldsV1 tree owns: its leaves, and the items and maps that are owned as such. */
export const members = (fields: JsonObject | undefined): FieldSet =>
  collect(fields, (node, hasChildren) => !hasChildren || "." in node)

/** The fieldsV1 tree of these members. */
export const fieldsV1 = (set: FieldSet): JsonObject => {
  interface Node {
    readonly children: Map<string, Node>
    isMember: boolean
  }
  const root: Node = { children: new Map(), isMember: false }
  for (const path of set.values()) {
    let node = root
    for (const segment of path) {
      const child = node.children.get(segment) ?? { children: new Map(), isMember: false }
      node.children.set(segment, child)
      node = child
    }
    node.isMember = true
  }
  const write = ({ children, isMember }: Node): JsonObject => ({
    ...isMember && children.size > 0 ? { ".": {} } : {},
    ...Object.fromEntries([...children].map(([segment, child]) => [segment, write(child)]))
  })
  return write(root)
}

export const minus = (set: FieldSet, other: FieldSet): FieldSet => new Map([...set].filter(([id]) => !other.has(id)))

/** Where in a list a segment leads: -1 if nowhere. */
const indexIn = (items: ReadonlyArray<Json>, segment: string): number => {
  const name = segment.slice(2)
  if (segment.startsWith("i:")) return Number(name) < items.length ? Number(name) : -1
  const wanted = JSON.parse(name) as Json
  if (segment.startsWith("v:")) return items.findIndex((item) => same(item, wanted))
  return isJsonObject(wanted)
    ? items.findIndex((item) => Object.entries(wanted).every(([key, expected]) => same(at(item, key), expected)))
    : -1
}

const step = (value: Json | undefined, segment: string): Json | undefined => {
  if (segment.startsWith("f:")) return at(value, segment.slice(2))
  return Array.isArray(value) ? (value as ReadonlyArray<Json>)[indexIn(value, segment)] : undefined
}

/** The value of an object at a path. */
export const resolve = (object: Json, path: FieldPath): Json | undefined => path.reduce<Json | undefined>(step, object)

const withValue = (into: Json | undefined, [segment, ...rest]: FieldPath, value: Json): Json => {
  if (segment === undefined) return value
  if (segment.startsWith("f:")) {
    const name = segment.slice(2)
    return { ...isJsonObject(into) ? into : {}, [name]: withValue(at(into, name), rest, value) }
  }
  const items: ReadonlyArray<Json> = Array.isArray(into) ? into : []
  const index = indexIn(items, segment)
  const keys = segment.startsWith("k:") ? JSON.parse(segment.slice(2)) as Json : undefined
  return index < 0
    ? [...items, withValue(keys, rest, value)]
    : items.with(index, withValue(items[index], rest, value))
}

/** An object with what another has at some paths: whole items of lists, and the leaves of everything else. */
export const graft = (object: JsonObject, other: JsonObject, set: FieldSet): JsonObject => {
  const above = parents(set)
  return [...set].reduce<JsonObject>((grown, [id, path]) => {
    const value = resolve(other, path)
    const isWhole = isItem(path.at(-1)!) && resolve(grown, path) === undefined
    return value === undefined || (above.has(id) && !isWhole) ? grown : withValue(grown, path, value) as JsonObject
  }, object)
}

/** A field's name as a path of people's goes on with it: `.image`, `["app.kubernetes.io/name"]`. */
export const nameInPath = (name: string): string => /^[\w-]+$/u.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`

const humanStep = (segment: string): string => {
  const name = segment.slice(2)
  if (segment.startsWith("f:")) return nameInPath(name)
  const keys = segment.startsWith("k:") ? JSON.parse(name) as Json : undefined
  if (!isJsonObject(keys)) return `[${name}]`
  return `[${
    Object.entries(keys).map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`)
      .join(",")
  }]`
}

/** `spec.template.spec.containers[name=app].image`. */
export const human = (path: FieldPath): string => path.map(humanStep).join("").replace(/^\./u, "")

/** The paths that something in a set lies below. */
export const parents = (set: FieldSet): ReadonlySet<string> => {
  const found = new Set<string>()
  for (const path of set.values()) {
    for (let length = 1; length < path.length; length++) found.add(idOf(path.slice(0, length)))
  }
  return found
}

const isItem = (segment: string): boolean => segment.startsWith("k:") || segment.startsWith("v:")

/** A set in as few words as tell it: an item of a list stands for all that is in it, a map for nothing but itself. */
export const told = (set: FieldSet): ReadonlyArray<string> => {
  const above = parents(set)
  return [...set]
    .filter(([id, path]) => {
      const inside = path.some((segment, index) =>
        isItem(segment) && index < path.length - 1 && set.has(idOf(path.slice(0, index + 1)))
      )
      return !inside && (isItem(path.at(-1)!) || !above.has(id))
    })
    .map(([, path]) => human(path))
    .sort()
}
