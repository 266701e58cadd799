import type { FieldChange } from "../domain/Changeset.ts"
import type { FieldPath } from "../domain/fieldsV1.ts"
import { at, canonical, isJsonObject, type Json, type JsonObject } from "../domain/Json.ts"
import { deliveryLabel, originAnnotation } from "../domain/ownership.ts"
import { fieldManager } from "../domain/ownership.ts"
import type { ManagedFields } from "../kube/KubeReader.ts"

type FieldSet = ReadonlyMap<string, FieldPath>

const separator = "\u0000"

/** The leaves of a fieldsV1 tree. */
const leaves = (fields: JsonObject | undefined): FieldSet => {
  const found = new Map<string, FieldPath>()
  const walk = (node: JsonObject, path: FieldPath): void => {
    const children = Object.entries(node).filter(([name]) => name !== ".")
    if (children.length === 0 && path.length > 0) found.set(path.join(separator), path)
    for (const [name, child] of children) if (isJsonObject(child)) walk(child, [...path, name])
  }
  if (fields !== undefined) walk(fields, [])
  return found
}

/** What Sluice applied, as the object's managedFields tell. */
const owned = (entries: ReadonlyArray<ManagedFields>): FieldSet =>
  leaves(
    entries.find(({ manager, operation, subresource }) =>
      manager === fieldManager && operation === "Apply" && subresource === undefined
    )?.fieldsV1
  )

const equal = (a: Json | undefined, b: Json | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && canonical(a) === canonical(b))

const step = (value: Json | undefined, segment: string): Json | undefined => {
  const name = segment.slice(2)
  if (segment.startsWith("f:")) return at(value, name)
  if (!Array.isArray(value)) return undefined
  const items = value as ReadonlyArray<Json>
  if (segment.startsWith("i:")) return items[Number(name)]
  const wanted = JSON.parse(name) as Json
  if (segment.startsWith("v:")) return items.find((item) => equal(item, wanted))
  return isJsonObject(wanted)
    ? items.find((item) => Object.entries(wanted).every(([key, expected]) => equal(at(item, key), expected)))
    : undefined
}

const resolve = (object: Json, path: FieldPath): Json | undefined => path.reduce<Json | undefined>(step, object)

const nameInPath = (name: string): string => /^[\w-]+$/u.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`

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
const human = (path: FieldPath): string => path.map(humanStep).join("").replace(/^\./u, "")

/** An atomic map is one field to the API server; people want to see the key that changed. */
const expand = (path: string, from: Json | undefined, to: Json | undefined): ReadonlyArray<FieldChange> => {
  if (equal(from, to)) return []
  if (isJsonObject(from) && isJsonObject(to)) {
    const names = [...new Set([...Object.keys(from), ...Object.keys(to)])]
    return names.flatMap((name) => expand(`${path}${nameInPath(name)}`, at(from, name), at(to, name)))
  }
  return [{ path, ...from === undefined ? {} : { from }, ...to === undefined ? {} : { to } }]
}

const pathOf = (...names: ReadonlyArray<string>): string => names.map((name) => `f:${name}`).join(separator)
const ourLabel = pathOf("metadata", "labels", deliveryLabel)
const ourOrigin = pathOf("metadata", "annotations", originAnnotation)

/** One side of a comparison. */
export interface Side {
  readonly object: JsonObject
  readonly managedFields: ReadonlyArray<ManagedFields>
}

export interface Difference {
  /** Between what we own or would own; our own label and origin left out. */
  readonly fields: ReadonlyArray<FieldChange>
  /** Fields that we stop owning and that get another value by it: the API server's default. */
  readonly fallsBack: ReadonlyArray<FieldChange>
  /** Managers that own less afterwards. */
  readonly takesFrom: ReadonlyArray<string>
  /** Fields that we own and leave to others from now on. */
  readonly handsOver: ReadonlyArray<string>
  /** Whether a write would change anything but the origin. */
  readonly needsWrite: boolean
}

const sameEntry = (a: ManagedFields) => (b: ManagedFields): boolean =>
  a.manager === b.manager && a.operation === b.operation && a.subresource === b.subresource &&
  a.apiVersion === b.apiVersion

const takesFrom = (live: Side, proven: Side, isLeft: (path: FieldPath) => boolean): ReadonlyArray<string> => {
  const losers = live.managedFields.filter((entry) => {
    if (entry.manager === fieldManager || entry.subresource !== undefined) return false
    const kept = leaves(proven.managedFields.find(sameEntry(entry))?.fieldsV1)
    return [...leaves(entry.fieldsV1)].some(([id, path]) =>
      id !== ourLabel && id !== ourOrigin && !kept.has(id) && !isLeft(path)
    )
  })
  return [...new Set(losers.map(({ manager }) => manager))]
}

/**
 * What a dry-run would change in a live object, seen through what we own or would own. What is left to others does not
 * change: if it is ours, it is handed over.
 */
export const compare = (
  live: Side,
  proven: Side,
  isLeft: (path: FieldPath) => boolean = () => false
): Difference => {
  const [before, after] = [owned(live.managedFields), owned(proven.managedFields)]
  const all = new Map([...before, ...after])
  all.delete(ourOrigin)
  const fields: Array<FieldChange> = []
  const fallsBack: Array<FieldChange> = []
  const handsOver = [...before.values()].filter(isLeft).map(human)
  let needsWrite = handsOver.length > 0
  for (const [id, path] of all) {
    if (isLeft(path)) continue
    if (before.has(id) !== after.has(id)) needsWrite = true
    const [from, to] = [resolve(live.object, path), resolve(proven.object, path)]
    if (equal(from, to)) continue
    needsWrite = true
    if (id === ourLabel) continue
    const changes = expand(human(path), from, to)
    fields.push(...changes)
    if (!after.has(id) && to !== undefined) fallsBack.push(...changes)
  }
  return { fields, fallsBack, takesFrom: takesFrom(live, proven, isLeft), handsOver, needsWrite }
}
