import * as Stream from "effect/Stream"
import { at, type JsonObject } from "../domain/Json.ts"
import { key, ofObject } from "../domain/ObjectRef.ts"
import type { StageError } from "../domain/StageError.ts"
import type { KubeClient } from "../kube/KubeClient.ts"
import type { ResourceKind } from "../kube/KubeReader.ts"
import { follow, type Where } from "./resources.ts"

export interface Change {
  readonly type: "ADDED" | "MODIFIED" | "DELETED"
  readonly object: JsonObject
}

const idOf = (object: JsonObject): string => key(ofObject(object))
const versionOf = (object: JsonObject | undefined) => at(object, "metadata", "resourceVersion")

/**
 * What differs from what was shown, as it happens, until it is interrupted: a gap in the watch shows nothing twice and
 * loses nothing. An object that leaves the selection is shown once more, as it is then.
 */
export const changes = (
  kind: ResourceKind,
  where: Where,
  shown: ReadonlyArray<JsonObject>,
  isSelected: (object: JsonObject) => boolean
): Stream.Stream<Change, StageError, KubeClient> => {
  const known = new Map(shown.map((object) => [idOf(object), object]))

  const changed = (object: JsonObject): ReadonlyArray<Change> => {
    const before = known.get(idOf(object))
    if (versionOf(before) === versionOf(object) || !isSelected(object) && before === undefined) return []
    if (isSelected(object)) known.set(idOf(object), object)
    else known.delete(idOf(object))
    return [{ type: before === undefined ? "ADDED" : "MODIFIED", object }]
  }
  const deleted = (object: JsonObject): ReadonlyArray<Change> =>
    known.delete(idOf(object)) ? [{ type: "DELETED", object }] : []

  return Stream.flatMap(follow(kind, where), (event) => {
    if (event._tag === "Bookmark") return Stream.empty
    if (event._tag === "Changed") return Stream.fromIterable(changed(event.object))
    if (event._tag === "Deleted") return Stream.fromIterable(deleted(event.object))
    const there = new Set(event.objects.map(idOf))
    const gone = [...known].filter(([id]) => !there.has(id)).map(([, object]) => object)
    return Stream.fromIterable([...gone.flatMap(deleted), ...event.objects.flatMap(changed)])
  })
}
