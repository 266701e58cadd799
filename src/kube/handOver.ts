import * as Effect from "effect/Effect"
import { givenUp, withoutLeft } from "../domain/ignored.ts"
import { at, isJsonObject, type Json, type JsonObject } from "../domain/Json.ts"
import type { Manifest } from "../domain/Manifest.ts"
import { fieldManager, isOurEntry } from "../domain/ownership.ts"
import { refusalOf } from "../domain/refusal.ts"
import type { Discovery } from "./discovery.ts"
import type { KubeSession } from "./KubeClient.ts"
import { placeOf } from "./objectRequest.ts"

/** An object that changes faster than this is left for the next run. */
const attempts = 5
const metadataOnly = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

const versionOf = (object: JsonObject): string => String(at(object, "metadata", "resourceVersion"))

/** Where an object's ownership entry of ours is in the way, and what is to stand in its place. */
const shortened = (object: JsonObject, manifest: Manifest) => {
  const entries = at(object, "metadata", "managedFields")
  const index = Array.isArray(entries)
    ? (entries as ReadonlyArray<Json>).findIndex((entry) => isJsonObject(entry) && isOurEntry(entry))
    : -1
  const owned = at(entries, index, "fieldsV1")
  if (!isJsonObject(owned)) return undefined
  const fields = givenUp(owned, manifest)
  return fields === owned ? undefined : [
    { op: "replace", path: `/metadata/managedFields/${index}/fieldsV1`, value: fields },
    // A change by anybody meanwhile makes it a conflict.
    { op: "replace", path: "/metadata/resourceVersion", value: versionOf(object) }
  ]
}

/**
 * Gives up what a manifest leaves to others, and answers what is to be sent: everything, where there is no object yet.
 *
 * A field that we own and do not send any more would fall back to its default. So first our entry in managedFields
 * loses it: what nobody owns keeps its value, and the next writer owns it. No value is read or written on the way: those
 * of Secrets are masked, and what an autoscaler writes meanwhile stays. Of an object that is not as the write `expects`
 * it to be nothing is given up: the write will be refused.
 */
export const handOver = Effect.fnUntraced(function*(
  session: KubeSession,
  discovery: Discovery,
  manifest: Manifest,
  expects: string | undefined
) {
  const whole = { manifest, expects }
  if ((manifest.leaves ?? []).length === 0) return whole
  const place = yield* placeOf(session, discovery, "patch", manifest.apiVersion, manifest.ref)
  if (place === undefined) return whole
  const { asked, path } = place
  for (let attempt = 1;; attempt++) {
    const look = {
      asked: { ...asked, verb: "get" },
      method: "GET",
      path,
      accept: metadataOnly,
      idempotent: true
    } as const
    const object = yield* session.request(look).pipe(
      Effect.catchIf(({ status }) => status === 404, () => Effect.succeed(undefined))
    )
    if (object === undefined) return whole
    if (expects !== undefined && versionOf(object) !== expects) return whole
    const patch = shortened(object, manifest)
    if (patch === undefined) return { manifest: withoutLeft(manifest), expects }
    const shorter = yield* session.request({
      asked,
      method: "PATCH",
      path,
      query: { fieldManager: `${fieldManager}-handover` },
      accept: metadataOnly,
      contentType: "application/json-patch+json",
      body: JSON.stringify(patch),
      idempotent: true
    }).pipe(
      Effect.catchIf(
        (failure) => (refusalOf(failure) === "conflict" || failure.status === 404) && attempt < attempts,
        () => Effect.succeed(undefined)
      )
    )
    if (shorter === undefined) continue
    return { manifest: withoutLeft(manifest), expects: expects === undefined ? undefined : versionOf(shorter) }
  }
})
