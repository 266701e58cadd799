import { unknownManager } from "../domain/DriftReport.ts"
import { type FieldSet, idOfFields, members, minus, parents, told } from "../domain/fieldPaths.ts"
import { originAnnotation, type Ownership } from "../domain/ownership.ts"
import { beyond, ours, type Tolerance } from "../domain/stale.ts"

/** Who did what to an object, as far as managedFields tell. */
export interface Attribution {
  readonly manager: string
  readonly fields: ReadonlyArray<string>
  readonly time: string | undefined
}

const ourOrigin = idOfFields("metadata", "annotations", originAnnotation)

const owns = (entry: Ownership, fields: FieldSet): boolean =>
  [...members(entry.fieldsV1).keys()].some((id) => fields.has(id))

/**
 * What is ours again after a heal, and what went with `strange` ownership; who had it is read off the owners before.
 */
export const attribute = (
  before: ReadonlyArray<Ownership>,
  after: ReadonlyArray<Ownership>,
  strange: ReadonlyArray<Ownership>,
  tolerance?: Tolerance
): Attribution => {
  if (before.length === 0) return { manager: unknownManager, fields: [], time: undefined }
  const [had, has] = [members(ours(before)?.fieldsV1), members(ours(after)?.fieldsV1)]
  const maps = parents(has)
  const added = strange.flatMap((entry) => [...beyond(entry, tolerance)])
    .filter(([id]) => !had.has(id) && !has.has(id) && !maps.has(id))
  const changed = new Map([...minus(has, had), ...added])
  changed.delete(ourOrigin)
  const culprits = before.filter((entry) => entry !== ours(before) && owns(entry, changed))
  const times = culprits.flatMap(({ time }) => time ?? []).sort()
  return {
    manager: [...new Set(culprits.map(({ manager }) => manager))].join(", ") || unknownManager,
    fields: told(changed),
    time: times.at(-1)
  }
}
