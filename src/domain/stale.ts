import { type FieldPath, type FieldSet, fieldsV1, holdsMore, idOf, idOfFields, members, minus } from "./fieldPaths.ts"
import { fieldManager, isOurEntry, type Ownership } from "./ownership.ts"

/** The tools by which people change objects by hand; before-first-apply is who had an object before it was applied. */
const people = /^kubectl|^before-first-apply$/u

const templateAnnotations = ["spec", "template", "metadata", "annotations"]
/** What `kubectl rollout restart` sets (an order, not a state), and the map that it is in. */
const restarted = idOfFields(...templateAnnotations, "kubectl.kubernetes.io/restartedAt")
const restartedIn = idOfFields(...templateAnnotations)

/** What a Deployment, a StatefulSet and the like are scaled by. */
export const replicasField = idOfFields("spec", "replicas")

const isOwnMetadata = (path: FieldPath): boolean =>
  path[0] === "f:metadata" && (path[1] === "f:labels" || path[1] === "f:annotations")

const none: FieldSet = new Map()

/** Our ownership of an object. */
export const ours = <E extends Ownership>(entries: ReadonlyArray<E>): E | undefined => entries.find(isOurEntry)

/** Others write in our name. */
const isForged = (entry: Ownership): boolean => entry.manager === fieldManager && !isOurEntry(entry)

const isOfPeople = (entry: Ownership): boolean => isForged(entry) || people.test(entry.manager)

/** Who, beside us, may hold what inside an object. */
export interface Tolerance {
  /** Managers whose additions may stay. */
  readonly allowed?: ReadonlyArray<string> | undefined
  /** Fields that nobody may hold, whoever it is: policies refuse them. */
  readonly unwanted?: ReadonlySet<string> | undefined
  /** Tells of an owned field whether it is left to others: what anybody owns of these is theirs. */
  readonly isLeft?: (path: FieldPath) => boolean
}

/** What belongs to a subresource: status and what is noted with it, and a scale. What else says that it does is forged. */
const isOfSubresource = ({ subresource }: Ownership, id: string, path: FieldPath): boolean =>
  subresource !== undefined &&
  (path[0] === "f:status" || path[0] === "f:metadata" || (subresource === "scale" && id === replicasField))

const mayStay =
  (entry: Ownership, { isLeft, unwanted }: Tolerance) => ([id, path]: readonly [string, FieldPath]): boolean => {
    if (isLeft?.(path) === true || isOfSubresource(entry, id, path)) return true
    if (isForged(entry)) return false
    if (isOwnMetadata(path)) return true
    return isOfPeople(entry) ? id === restarted || id === restartedIn : unwanted?.has(id) !== true
  }

/** What may be left on an object: its own labels and annotations, an order to restart, what is left to others. */
const left = (entry: Ownership, tolerance: Tolerance): FieldSet => {
  const stays = [...members(entry.fieldsV1)].filter(mayStay(entry, tolerance))
  const isOnlyMaps = stays.every(([id, path]) => id === restartedIn || (isOwnMetadata(path) && path.length === 2))
  return isOnlyMaps ? none : new Map(stays)
}

/** What of an ownership does not belong inside an object of ours. */
export const beyond = (entry: Ownership, tolerance: Tolerance = {}): FieldSet => {
  const all = members(entry.fieldsV1)
  return [...all].every(mayStay(entry, tolerance)) ? none : minus(all, left(entry, tolerance))
}

/**
 * The ownership of people (and of others who write in our name, or hold what is unwanted) inside an object, as far as it is
 * expressed in our version of the kind: what they added or changed. Status and scale belong to who writes them.
 */
export const stale = <E extends Ownership>(
  entries: ReadonlyArray<E>,
  tolerance: Tolerance = {}
): ReadonlyArray<E> => {
  const { allowed = [], unwanted } = tolerance
  const version = ours(entries)?.apiVersion
  return entries.filter((entry) =>
    !isOurEntry(entry) &&
    (isOfPeople(entry) || unwanted !== undefined) &&
    !allowed.includes(entry.manager) &&
    (version === undefined || entry.apiVersion === version) &&
    beyond(entry, tolerance).size > 0
  )
}

/** Controllers, webhooks and other tools: who is neither we nor a person. */
export const isGuest = (entry: Ownership): boolean => !isOurEntry(entry) && !isOfPeople(entry)

const isStatus = ([first]: FieldPath): boolean => first === "f:status"

/** Whether they hold anything of an object that is not ours as well. */
export const hasGuests = (entries: ReadonlyArray<Ownership>): boolean => {
  const own = ours(entries)?.fieldsV1
  return entries.some((entry) =>
    isGuest(entry) && entry.fieldsV1 !== undefined &&
    holdsMore(entry.fieldsV1, own, (path) => !isStatus(path) && !isOfSubresource(entry, idOf(path), path))
  )
}

/** What they hold. */
export const guestFields = (entries: ReadonlyArray<Ownership>): FieldSet => {
  const own = members(ours(entries)?.fieldsV1)
  return new Map(
    entries.filter(isGuest).flatMap((entry) =>
      [...members(entry.fieldsV1)].filter(([id, path]) =>
        !own.has(id) && !isStatus(path) && !isOfSubresource(entry, id, path)
      )
    )
  )
}

/** The same entries with what is stale in our own: the next apply takes away what it does not hold. */
export const merged = <E extends Ownership>(
  entries: ReadonlyArray<E>,
  apiVersion: string,
  tolerance: Tolerance = {}
): ReadonlyArray<E | Ownership> => {
  const strange = new Set<Ownership>(stale(entries, tolerance))
  const own: Ownership = ours(entries) ?? { manager: fieldManager, operation: "Apply", apiVersion }
  const all = new Map(members(own.fieldsV1))
  for (const entry of strange) for (const [id, path] of beyond(entry, tolerance)) all.set(id, path)
  return [
    { ...own, fieldsV1: fieldsV1(all) },
    ...entries.filter((entry) => entry !== own && !strange.has(entry)),
    ...[...strange].flatMap((entry) => {
      const rest = left(entry, tolerance)
      return rest.size === 0 ? [] : [{ ...entry, fieldsV1: fieldsV1(rest) }]
    })
  ]
}
