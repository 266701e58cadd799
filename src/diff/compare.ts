import type { FieldChange } from "../domain/Changeset.ts"
import { type FieldPath, type FieldSet, human, idOfFields, leaves, nameInPath, resolve } from "../domain/fieldPaths.ts"
import { at, isJsonObject, type Json, type JsonObject, same } from "../domain/Json.ts"
import { deliveryLabel, fieldManager, originAnnotation } from "../domain/ownership.ts"
import { ours } from "../domain/stale.ts"
import type { ManagedFields } from "../kube/KubeReader.ts"

/** What Sluice applied, as the object's managedFields tell. */
const owned = (entries: ReadonlyArray<ManagedFields>): FieldSet => leaves(ours(entries)?.fieldsV1)

/** An atomic map is one field to the API server; people want to see the key that changed. */
const expand = (path: string, from: Json | undefined, to: Json | undefined): ReadonlyArray<FieldChange> => {
  if (same(from, to)) return []
  if (isJsonObject(from) && isJsonObject(to)) {
    const names = [...new Set([...Object.keys(from), ...Object.keys(to)])]
    return names.flatMap((name) => expand(`${path}${nameInPath(name)}`, at(from, name), at(to, name)))
  }
  return [{ path, ...from === undefined ? {} : { from }, ...to === undefined ? {} : { to } }]
}

const ourLabel = idOfFields("metadata", "labels", deliveryLabel)
const ourOrigin = idOfFields("metadata", "annotations", originAnnotation)

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
  /** Those of them that apply as well: they want the field, and will want it again. */
  readonly takesFromAppliers: ReadonlyArray<string>
  /** Fields that we own and leave to others from now on. */
  readonly handsOver: ReadonlyArray<string>
  /** Whether a write would change anything but the origin. */
  readonly needsWrite: boolean
}

const sameEntry = (a: ManagedFields) => (b: ManagedFields): boolean =>
  a.manager === b.manager && a.operation === b.operation && a.subresource === b.subresource &&
  a.apiVersion === b.apiVersion

const losers = (live: Side, proven: Side, isLeft: (path: FieldPath) => boolean): ReadonlyArray<ManagedFields> =>
  live.managedFields.filter((entry) => {
    if (entry.manager === fieldManager || entry.subresource !== undefined) return false
    const kept = leaves(proven.managedFields.find(sameEntry(entry))?.fieldsV1)
    return [...leaves(entry.fieldsV1)].some(([id, path]) =>
      id !== ourLabel && id !== ourOrigin && !kept.has(id) && !isLeft(path)
    )
  })

const namesOf = (entries: ReadonlyArray<ManagedFields>): ReadonlyArray<string> => [
  ...new Set(entries.map(({ manager }) => manager))
]

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
    if (same(from, to)) continue
    needsWrite = true
    if (id === ourLabel) continue
    const changes = expand(human(path), from, to)
    fields.push(...changes)
    if (!after.has(id) && to !== undefined) fallsBack.push(...changes)
  }
  const poorer = losers(live, proven, isLeft)
  return {
    fields,
    fallsBack,
    takesFrom: namesOf(poorer),
    takesFromAppliers: namesOf(poorer.filter(({ operation }) => operation === "Apply")),
    handsOver,
    needsWrite
  }
}
