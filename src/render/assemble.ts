import * as Effect from "effect/Effect"
import { digest } from "../domain/digest.ts"
import { canonical, isJsonObject, type Json, type JsonObject } from "../domain/Json.ts"
import { displayOrigin, type Manifest, type Origin } from "../domain/Manifest.ts"
import { display, key, ofObject } from "../domain/ObjectRef.ts"
import { isOwnRecord } from "../domain/ownRecord.ts"
import { RenderFailed } from "../domain/StageError.ts"
import { isList, refusal } from "./identity.ts"
import { normalise } from "./normalise.ts"
import type { SourceDocument } from "./Reader.ts"
import { type Scope, scopes } from "./scope.ts"

/** An object that a renderer made, and where it came from. */
export interface Candidate {
  readonly value: Json
  readonly origin: Origin
  /** If it is a list: where its items are. */
  readonly itemLines?: ReadonlyArray<number> | undefined
  /** The text that says exactly this, and the path of the object in it. */
  readonly source?: SourceDocument["piece"]
  readonly within?: ReadonlyArray<string | number>
}

const flatten = function*(candidate: Candidate, depth = 0): Generator<Candidate> {
  if (!isList(candidate.value) || depth > 5) return yield candidate
  for (const [index, item] of candidate.value.items.entries()) {
    const line = candidate.itemLines?.[index]
    const origin = depth > 0 || line === undefined ? candidate.origin : { file: candidate.origin.file, line }
    const { source, within = [] } = candidate
    const exact = source === undefined ? {} : { source, within: [...within, "items", index] }
    yield* flatten({ value: item, origin, ...exact }, depth + 1)
  }
}

type Finished = Omit<Manifest, "origin">
/** The same parsed object in the same namespace is the same manifest: an unchanged file costs nothing. */
const finished = new WeakMap<JsonObject, Map<string, Finished>>()

const finish = (object: JsonObject, scope: Scope, namespace: string): Finished | string => {
  const variant = `${scope ?? ""} ${namespace}`
  const known = finished.get(object) ?? new Map<string, Finished>()
  const again = known.get(variant)
  if (again !== undefined) return again
  const normalised = normalise(object, scope, namespace)
  if (typeof normalised === "string") return normalised
  const made: Finished = {
    ref: ofObject(normalised),
    apiVersion: String(normalised.apiVersion),
    object: normalised,
    json: JSON.stringify(normalised),
    digest: digest(canonical(normalised))
  }
  known.set(variant, made)
  finished.set(object, known)
  return made
}

/**
 * Turns what a renderer made into manifests: lists flattened, each object valid, normalised and there once. The order
 * stays.
 */
export const assemble = Effect.fnUntraced(function*(candidates: ReadonlyArray<Candidate>, options: {
  /** Given to objects without one, if their kind is known to live in namespaces. */
  readonly namespace: string
  readonly maximum: number
}) {
  const all: Array<Candidate> = []
  for (const candidate of candidates) {
    for (const one of flatten(candidate)) {
      if (all.push(one) > options.maximum) {
        return yield* new RenderFailed({ detail: `more than ${options.maximum} objects`, origin: one.origin })
      }
    }
  }
  const scopeOf = scopes(all.map(({ value }) => value))
  const manifests: Array<Manifest> = []
  const candidateOf = new Map<Manifest, Candidate>()
  const seen = new Map<string, Origin>()
  for (const [index, candidate] of all.entries()) {
    const { value, origin } = candidate
    // hashing thousands of objects at once would hold the event loop
    if (index % 100 === 99) yield* Effect.yieldNow
    const reason = refusal(value)
    if (reason !== undefined || !isJsonObject(value)) {
      return yield* new RenderFailed({ detail: reason ?? "this is not a mapping", origin })
    }
    const made = finish(value, scopeOf(value), options.namespace)
    if (typeof made === "string") return yield* new RenderFailed({ detail: made, origin, object: ofObject(value) })
    if (isOwnRecord(made.ref)) {
      return yield* new RenderFailed({
        detail: "this name is kept for Sluice's own record of a Delivery",
        origin,
        object: made.ref,
        hint: "Give it a name of another form, or remove it: records do not belong into Git."
      })
    }
    const id = key(made.ref)
    const first = seen.get(id)
    if (first !== undefined) {
      return yield* new RenderFailed({
        detail: `${display(made.ref)} is there twice: first in ${displayOrigin(first)}`,
        origin,
        hint: "Remove one of them, or give them different names or namespaces."
      })
    }
    seen.set(id, origin)
    const manifest = { ...made, origin }
    manifests.push(manifest)
    candidateOf.set(manifest, candidate)
  }
  return { manifests, candidateOf }
})
