import { type FieldPath, type FieldSet, fieldsV1, idOfFields, members, minus } from "./fieldPaths.ts"
import { fieldManager, type Ownership } from "./ownership.ts"

/** The tools by which people change objects by hand; before-first-apply is who had an object before it was applied. */
const people = /^kubectl|^before-first-apply$/u

const templateAnnotations = ["spec", "template", "metadata", "annotations"]
/** What `kubectl rollout restart` sets (an order, not a state), and the map that it is in. */
const restarted = idOfFields(...templateAnnotations, "kubectl.kubernetes.io/restartedAt")
const restartedIn = idOfFields(...templateAnnotations)

const isOwnMetadata = (path: FieldPath): boolean =>
  path[0] === "f:metadata" && (path[1] === "f:labels" || path[1] === "f:annotations")

const none: FieldSet = new Map()

/** Our ownership of an object. */
export const ours = <E extends Ownership>(entries: ReadonlyArray<E>): E | undefined =>
  entries.find(({ manager, operation, subresource }) =>
    manager === fieldManager && operation === "Apply" && subresource === undefined
  )

const isForged = ({ manager, operation }: Ownership): boolean => manager === fieldManager && operation !== "Apply"

/** Tells of an owned field whether it is left to others: what people own of these is theirs. */
export type IsLeft = (path: FieldPath) => boolean

const nothing: IsLeft = () => false

/** Who, beside us, may hold what inside an object. */
export interface Tolerance {
  /** Managers whose additions may stay. */
  readonly allowed?: ReadonlyArray<string> | undefined
  /** Managers that may hold no more than people: policies refuse what they added. */
  readonly unwanted?: ReadonlyArray<string> | undefined
  readonly isLeft?: IsLeft
}

const mayStay = (entry: Ownership, isLeft: IsLeft) => ([id, path]: readonly [string, FieldPath]): boolean =>
  isLeft(path) || (!isForged(entry) && (isOwnMetadata(path) || id === restarted || id === restartedIn))

/** What people may leave on an object: its own labels and annotations, an order to restart, what is left to them. */
const left = (entry: Ownership, isLeft: IsLeft): FieldSet => {
  const stays = [...members(entry.fieldsV1)].filter(mayStay(entry, isLeft))
  const isOnlyMaps = stays.every(([id, path]) => id === restartedIn || (isOwnMetadata(path) && path.length === 2))
  return isOnlyMaps ? none : new Map(stays)
}

/** What of an ownership does not belong inside an object of ours. */
export const beyond = (entry: Ownership, isLeft: IsLeft = nothing): FieldSet => {
  const all = members(entry.fieldsV1)
  return [...all].every(mayStay(entry, isLeft)) ? none : minus(all, left(entry, isLeft))
}

/**
 * The ownership of people (and of others who write in our name, or are unwanted) inside an object, as far as it is
 * expressed in our version of the kind: what they added or changed. Status and scale belong to who writes them.
 */
export const stale = <E extends Ownership>(
  entries: ReadonlyArray<E>,
  { allowed = [], isLeft = nothing, unwanted = [] }: Tolerance = {}
): ReadonlyArray<E> => {
  const version = ours(entries)?.apiVersion
  return entries.filter((entry) =>
    entry.subresource === undefined &&
    (isForged(entry) || people.test(entry.manager) || unwanted.includes(entry.manager)) &&
    !allowed.includes(entry.manager) &&
    (version === undefined || entry.apiVersion === version) &&
    beyond(entry, isLeft).size > 0
  )
}

/**
 * The ownership of controllers, webhooks and other tools of an object: neither ours nor people's. Of status and scale
 * nothing is told.
 */
export const guests = <E extends Ownership>(entries: ReadonlyArray<E>): ReadonlyArray<E> =>
  entries.filter(({ manager, subresource }) =>
    subresource === undefined && manager !== fieldManager && !people.test(manager)
  )

const isStatus = ([first]: FieldPath): boolean => first === "f:status"

/** What of an object they hold that is not ours as well. */
export const guestFields = (entries: ReadonlyArray<Ownership>): FieldSet => {
  const strange = guests(entries)
  if (strange.length === 0) return none
  const own = members(ours(entries)?.fieldsV1)
  return new Map(
    strange.flatMap(({ fieldsV1 }) => [...members(fieldsV1)].filter(([id, path]) => !own.has(id) && !isStatus(path)))
  )
}

/** The same entries with what is stale in our own: the next apply takes away what it does not hold. */
export const merged = <E extends Ownership>(
  entries: ReadonlyArray<E>,
  apiVersion: string,
  tolerance: Tolerance = {}
): ReadonlyArray<E | Ownership> => {
  const { isLeft = nothing } = tolerance
  const strange = new Set<Ownership>(stale(entries, tolerance))
  const own: Ownership = ours(entries) ?? { manager: fieldManager, operation: "Apply", apiVersion }
  const all = new Map(members(own.fieldsV1))
  for (const entry of strange) for (const [id, path] of beyond(entry, isLeft)) all.set(id, path)
  return [
    { ...own, fieldsV1: fieldsV1(all) },
    ...entries.filter((entry) => entry !== own && !strange.has(entry)),
    ...[...strange].flatMap((entry) => {
      const rest = left(entry, isLeft)
      return rest.size === 0 ? [] : [{ ...entry, fieldsV1: fieldsV1(rest) }]
    })
  ]
}
