import * as Effect from "effect/Effect"
import type { JsonObject } from "../domain/Json.ts"
import type { Manifest } from "../domain/Manifest.ts"
import type { ObjectRef } from "../domain/ObjectRef.ts"
import { fieldManager } from "../domain/ownership.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import { type Discovery, resourceOf } from "./discovery.ts"
import { type Asked, badRequest, unserved } from "./failure.ts"
import { nameOf } from "./Identity.ts"
import type { KubeRequest, KubeSession } from "./KubeClient.ts"
import type { ResourceKind } from "./KubeReader.ts"
import { resourcePath } from "./resourcePath.ts"

/** Where an object is, and in which words a failure tells it. */
export interface Place {
  readonly asked: Asked
  readonly path: string
  readonly kind: ResourceKind
}

/** Where an object is served; undefined if the cluster does not serve its kind. */
export const placeOf = Effect.fnUntraced(function*(
  session: KubeSession,
  discovery: Discovery,
  verb: string,
  apiVersion: string,
  ref: ObjectRef
) {
  const kind = yield* discovery.kindOf(apiVersion, ref.kind)
  if (kind === undefined) return undefined
  const asked = { verb, resource: resourceOf(kind), object: ref }
  const path = resourcePath(kind, ref.namespace, ref.name)
  if (path === undefined) {
    const why = kind.namespaced && ref.namespace === ""
      ? "the object has no namespace"
      : `${JSON.stringify(ref.name)} in ${JSON.stringify(ref.namespace)} is no name of an object`
    return yield* badRequest(asked, nameOf(session.identity), why)
  }
  const place: Place = { asked, path, kind }
  return place
})

export interface ApplyOptions {
  readonly force: boolean
  readonly dryRun: boolean
  /** The field manager, where it is not `sluice`. */
  readonly manager?: string
}

/** A server-side apply as manager `sluice`: the manifest's own bytes, with strict field validation. */
export const applyRequest = (place: Place, manifest: Manifest, options: ApplyOptions): KubeRequest => ({
  asked: place.asked,
  method: "PATCH",
  path: place.path,
  query: {
    fieldManager: options.manager ?? fieldManager,
    fieldValidation: "Strict",
    ...options.force ? { force: "true" } : {},
    ...options.dryRun ? { dryRun: "All" } : {}
  },
  contentType: "application/apply-patch+yaml",
  body: manifest.json,
  sent: manifest.object,
  idempotent: true
})

/** Applies or dry-runs; a kind that the cluster does not serve is a failure with reason `UnknownKind`. */
export const applyAs = (
  session: KubeSession,
  discovery: Discovery,
  manifest: Manifest,
  options: ApplyOptions
): Effect.Effect<JsonObject, KubeFailure> =>
  Effect.flatMap(placeOf(session, discovery, "patch", manifest.apiVersion, manifest.ref), (place) =>
    place === undefined
      ? Effect.fail(unknownKind(session, "patch", manifest.apiVersion, manifest.ref))
      : session.request(applyRequest(place, manifest, options)))

export const unknownKind = (session: KubeSession, verb: string, apiVersion: string, ref: ObjectRef): KubeFailure =>
  unserved({ verb, resource: `${apiVersion}/${ref.kind}`, object: ref }, nameOf(session.identity))

export interface DeleteOptions {
  readonly propagationPolicy: "Background" | "Foreground"
  readonly preconditions: { readonly uid: string; readonly resourceVersion?: string }
}

/** Deletes an object as it was seen; one that is gone already, or of a kind that is, is well. */
export const deleteAs = Effect.fnUntraced(function*(
  session: KubeSession,
  discovery: Discovery,
  apiVersion: string,
  ref: ObjectRef,
  options: DeleteOptions
) {
  const place = yield* placeOf(session, discovery, "delete", apiVersion, ref)
  if (place === undefined) return
  yield* session.request({
    asked: place.asked,
    method: "DELETE",
    path: place.path,
    contentType: "application/json",
    body: JSON.stringify({ apiVersion: "v1", kind: "DeleteOptions", ...options }),
    idempotent: true
  }).pipe(Effect.asVoid, Effect.catchIf(({ status }) => status === 404, () => Effect.void))
})
