import { at, canonical, isJsonObject, type Json, type JsonObject, same } from "./Json.ts"

/** A path in managedFields' own words: `f:spec`, `k:{"name":"app"}`, `v:"x"`, `i:0`. */
export type FieldPath = ReadonlyArray<string>
/** Paths by their text. */
export type FieldSet = ReadonlyMap<string, FieldPath>

const separator = "\u0000"

/** The text under which a set knows a path. */
export const idOf = (path: FieldPath): string => path.join(separator)

/** Where a path of plain field names leads, as a set knows it. */
export const idOfFields = (...names: ReadonlyArray<string>): string => idOf(names.map((name) => `f:${name}`))

/** How deep a tree is read, and how many characters of paths: anybody may write an ownership, of any size. */
export const most = { depth: 100, characters: 1_000_000 }

const collect = (fields: JsonObject | undefined, isIn: (node: JsonObject, hasChildren: boolean) => boolean) => {
  const found = new Map<string, FieldPath>()
  let left = most.characters
  const walk = (node: JsonObject, path: FieldPath, length: number): void => {
    const children = Object.entries(node).filter(([name]) => name !== ".")
    left -= length
    if (left < 0 || path.length > most.depth) return
    if (path.length > 0 && isIn(node, children.length > 0)) found.set(idOf(path), path)
    for (const [name, child] of children) {
      if (isJsonObject(child)) walk(child, [...path, name], length + name.length + separator.length)
    }
  }
  if (fields !== undefined) walk(fields, [], 0)
  return found
}

/** Whether a tree holds more than is read of it. */
export const isTooMuch = (fields: JsonObject | undefined): boolean => {
  let left = most.characters
  const walk = (node: JsonObject, depth: number, length: number): boolean =>
    (left -= length) < 0 || depth > most.depth ||
    Object.entries(node).some(([name, child]) =>
      isJsonObject(child) && walk(child, depth + 1, length + name.length + separator.length)
    )
  return fields !== undefined && walk(fields, 0, 0)
}

/** Whether a tree owns anything, at a path of interest, that another does not. */
export const holdsMore = (
  fields: JsonObject,
  other: JsonObject | undefined,
  isOfInterest: (path: FieldPath) => boolean
): boolean => {
  const isMember = (node: JsonObject) => "." in node || Object.keys(node).length === 0
  const walk = (node: JsonObject, known: Json | undefined, path: FieldPath): boolean =>
    path.length <= most.depth && Object.entries(node).some(([name, child]) => {
      if (name === "." || !isJsonObject(child)) return false
      const [below, twin] = [[...path, name], at(known, name)]
      return isMember(child) && !(isJsonObject(twin) && isMember(twin)) && isOfInterest(below) ||
        walk(child, twin, below)
    })
  return walk(fields, other, [])
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

/** The items of a list by what a segment says of them; of each set of key names the list is gone through once. */
const finder = (items: ReadonlyArray<Json>): (segment: string) => number => {
  const known = new Map<string, ReadonlyMap<string, number>>()
  const under = (name: string, textOf: (item: Json) => string) => {
    const index = known.get(name) ?? new Map(items.map((item, at) => [textOf(item), at] as const).reverse())
    known.set(name, index)
    return index
  }
  return (segment) => {
    if (segment.startsWith("i:")) return Number(segment.slice(2)) < items.length ? Number(segment.slice(2)) : -1
    const wanted = JSON.parse(segment.slice(2)) as Json
    if (segment.startsWith("v:")) return under("v:", canonical).get(canonical(wanted)) ?? -1
    const names = isJsonObject(wanted) ? Object.keys(wanted).sort() : []
    const textOf = (item: Json) => canonical(names.map((name) => at(item, name) ?? null))
    return names.length === 0 ? -1 : under(names.join(separator), textOf).get(textOf(wanted)) ?? -1
  }
}

const grafted = (into: Json | undefined, other: Json | undefined, node: JsonObject): Json | undefined => {
  const children = Object.entries(node).filter(([name]) => name !== ".")
  if (children.length === 0) return other
  if (children.every(([name]) => name.startsWith("f:"))) {
    const grown: Record<string, Json> = Object.create(null)
    Object.assign(grown, isJsonObject(into) ? into : {})
    for (const [name, child] of children) {
      const value = grafted(at(into, name.slice(2)), at(other, name.slice(2)), child as JsonObject)
      if (value !== undefined) grown[name.slice(2)] = value
    }
    return Object.keys(grown).length === 0 && into === undefined ? undefined : grown
  }
  const items: Array<Json> = Array.isArray(into) ? into.slice() : []
  const others: ReadonlyArray<Json> = Array.isArray(other) ? other : []
  const [find, findOther] = [finder(items.slice()), finder(others)]
  // Places are those of the list as it was: what is new comes after them.
  for (const [name, child] of children) {
    const [place, theirs] = [find(name), findOther(name)]
    if (theirs < 0) continue
    if (place < 0) items.push(others[theirs]!)
    else items[place] = grafted(items[place], others[theirs], child as JsonObject) ?? items[place]!
  }
  return items
}

/** An object with what another has at some paths: whole items where it has none, and else leaves. */
export const graft = (object: JsonObject, other: JsonObject, set: FieldSet): JsonObject =>
  grafted(object, other, fieldsV1(set)) as JsonObject

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

/** A set in the parts that can be told from one another: items of lists with all that is in them, and single fields. */
export const units = (set: FieldSet): ReadonlyArray<FieldSet> => {
  const above = parents(set)
  const parts = new Map<string, Map<string, FieldPath>>()
  for (const [id, path] of set) {
    const item = path.findIndex((segment, index) => isItem(segment) && set.has(idOf(path.slice(0, index + 1))))
    // A map is there because of what is in it.
    if (item < 0 && above.has(id)) continue
    const unit = item < 0 ? id : idOf(path.slice(0, item + 1))
    parts.set(unit, (parts.get(unit) ?? new Map()).set(id, path))
  }
  return [...parts.values()]
}

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
