import { digest } from "./digest.ts"
import type { FieldPath } from "./fieldPaths.ts"
import { lessFields, placeOf } from "./fieldsV1.ts"
import { at, isJsonObject, type Json, type JsonObject } from "./Json.ts"
import { isWithin, parse, type Place } from "./jsonPointer.ts"
import type { Manifest } from "./Manifest.ts"
import { groupOf, type ObjectRef } from "./ObjectRef.ts"
import { deliveryLabel, originAnnotation } from "./ownership.ts"

/**
 * Fields of some objects that others decide: JSON pointers into the object as it was rendered. What the target does not
 * say fits all; what it says is meant literally, no pattern. An element of a list is named by its index in the rendered
 * list; of a list or map that the API server takes as one (such as a container's `command`) only the whole can be left.
 */
export interface Rule {
  readonly paths: ReadonlyArray<string>
  readonly target: { readonly [field in keyof ObjectRef]?: string }
}

export const replicas = "/spec/replicas"

const autoscalers: ReadonlySet<string> = new Set(["autoscaling/HorizontalPodAutoscaler", "keda.sh/ScaledObject"])

/** What an autoscaler decides, as a rule; undefined for everything else. KEDA's makes a HorizontalPodAutoscaler. */
export const scaledBy = ({ group, kind, namespace }: ObjectRef, object: JsonObject): Rule | undefined => {
  if (!autoscalers.has(`${group}/${kind}`)) return undefined
  const target = at(object, "spec", "scaleTargetRef")
  const [apiVersion, scaled, name] = ["apiVersion", "kind", "name"].map((field) => at(target, field))
  if (typeof name !== "string") return undefined
  return {
    paths: [replicas],
    target: {
      // Without a group it may be any: to leave a field alone is the careful answer.
      ...typeof apiVersion === "string" && apiVersion !== "" ? { group: groupOf(apiVersion) } : {},
      kind: typeof scaled === "string" && scaled !== "" ? scaled : "Deployment",
      namespace,
      name
    }
  }
}

const fits = (ref: ObjectRef, { target }: Rule): boolean =>
  (["group", "kind", "namespace", "name"] as const).every((field) => (target[field] ?? ref[field]) === ref[field])

/** The pointers that rules have for an object. */
export const pointersFor = (rules: ReadonlyArray<Rule>): (ref: ObjectRef) => ReadonlyArray<string> => {
  const byName = Map.groupBy(rules, ({ target }) => target.name)
  return (ref) =>
    [...byName.get(undefined) ?? [], ...byName.get(ref.name) ?? []]
      .filter((rule) => fits(ref, rule))
      .flatMap(({ paths }) => paths)
}

/** The manifest, with what is left to others noted on it. */
export const leave = (manifest: Manifest, pointers: ReadonlyArray<string>): Manifest =>
  pointers.length === 0 ? manifest : { ...manifest, leaves: [...new Set([...manifest.leaves ?? [], ...pointers])] }

/**
 * Notes on manifests what rules leave to others. A digest tells these fields too, where the object has them: so a rule
 * that comes or goes is a change of the object, although Git's object is the same.
 */
export const leaveBy = (rules: ReadonlyArray<Rule>) => {
  const pointersOf = pointersFor(rules)
  return (manifest: Manifest): Manifest => {
    const left = leave(manifest, pointersOf(manifest.ref))
    const present = (left.leaves ?? []).filter((pointer) => at(manifest.object, ...parse(pointer)) !== undefined)
    return present.length === 0 ? left : { ...left, digest: digest(manifest.digest, ...present.sort()) }
  }
}

/** What makes an object the one that it is, and ours: sent whatever a rule says. */
const isKept = ([first, second, third]: Place): boolean =>
  first === "apiVersion" || first === "kind" ||
  (first === "metadata" &&
    (second === "name" || second === "namespace" || third === deliveryLabel || third === originAnnotation))

const isAmong = (pointers: ReadonlyArray<string>): (place: Place) => boolean => {
  const places = pointers.map(parse)
  return (place) => !isKept(place) && places.some((other) => isWithin(place, other))
}

const without = (value: Json, isLeft: (place: Place) => boolean, place: Place = []): Json | undefined => {
  if (!Array.isArray(value) && !isJsonObject(value)) return isLeft(place) ? undefined : value
  const kept = Object.entries(value as JsonObject).flatMap(([name, child]): ReadonlyArray<[string, Json]> => {
    const rest = without(child, isLeft, [...place, name])
    return rest === undefined ? [] : [[name, rest]]
  })
  if (kept.length === 0 && isLeft(place)) return undefined
  return Array.isArray(value) ? kept.map(([, child]) => child) : Object.fromEntries(kept)
}

/**
 * The manifest as it is sent to an object that is there: without what is left to others. The gate judged it with the
 * values that Git wants; fewer fields than were judged reach the cluster, and no other ones.
 */
export const withoutLeft = (manifest: Manifest, pointers: ReadonlyArray<string> = manifest.leaves ?? []): Manifest => {
  if (pointers.length === 0) return manifest
  const object = without(manifest.object, isAmong(pointers)) as JsonObject
  return { ...manifest, object, json: JSON.stringify(object) }
}

/** Tells of owned fields, by their path in managedFields, whether a manifest leaves them to others. */
export const leavesField = (
  { leaves = [], object }: Pick<Manifest, "leaves" | "object">
): (path: FieldPath) => boolean => {
  if (leaves.length === 0) return () => false
  const isLeft = isAmong(leaves)
  return (path) => {
    const place = placeOf(object, path)
    return place !== undefined && isLeft(place)
  }
}

/** What we own of a live object without what a manifest leaves to others; the same if we own none of it. */
export const givenUp = (owned: JsonObject, manifest: Manifest): JsonObject => lessFields(owned, leavesField(manifest))

/** The pointers of what a manifest leaves to others although we own it still. */
export const stillOwned = (owned: JsonObject | undefined, manifest: Manifest): ReadonlyArray<string> =>
  owned === undefined
    ? []
    : (manifest.leaves ?? []).filter((pointer) => givenUp(owned, { ...manifest, leaves: [pointer] }) !== owned)
