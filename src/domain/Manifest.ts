import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { JsonObject } from "./Json.ts"
import type { ObjectRef } from "./ObjectRef.ts"

/** A place in the source that a person can open. A line is exact or absent, never a guess. */
export const Origin = Schema.Struct({
  file: Schema.String.annotate({ description: "From the root of the repository." }),
  line: Schema.optionalKey(Schema.Int.annotate({ description: "From 1." })),
  column: Schema.optionalKey(Schema.Int.annotate({ description: "From 1." }))
})
export type Origin = typeof Origin.Type

/** `environments/prod/checkout.yaml:23`. */
export const displayOrigin = (origin: Origin): string =>
  origin.line === undefined ? origin.file : `${origin.file}:${origin.line}`

/** `environments/prod/checkout.yaml:23:16`, as editors and terminals open it. */
export const displayPlace = (origin: Origin): string =>
  origin.line === undefined || origin.column === undefined
    ? displayOrigin(origin)
    : `${displayOrigin(origin)}:${origin.column}`

/** One rendered Kubernetes object, as it will be sent, and where it came from. */
export interface Manifest {
  readonly ref: ObjectRef
  readonly apiVersion: string
  readonly object: JsonObject
  /** The text that the gate judges and the API server receives: the same bytes. */
  readonly json: string
  /** Of the canonical object, without Sluice's own annotations. */
  readonly digest: string
  readonly origin: Origin
  /** JSON pointers to fields that others decide (`ignored.ts`): sent when the object is made, and never after. */
  readonly leaves?: ReadonlyArray<string>
}

/** What the render stage returns: every object of the revision, in the order to be told, each identity once. */
export interface Rendered {
  readonly manifests: ReadonlyArray<Manifest>
  /** Of everything that was read to render it; the same closure renders the same objects. */
  readonly closure: string
  /** Where a field of a manifest is written (path of keys and indices); the object's own place if it cannot be known. */
  readonly locate: (manifest: Manifest, path: ReadonlyArray<string | number>) => Effect.Effect<Origin>
}
